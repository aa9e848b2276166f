import {
  ResumeSessionCommand,
  SSMClient,
  StartSessionCommand,
  TerminateSessionCommand,
} from '@aws-sdk/client-ssm';
import { Secret } from '../lib/secret.ts';
import type { SigningKeys } from '../lib/sigv4.ts';
import { awsErrorName } from './aws-error.ts';
import { type Aws, callAws } from './clients.ts';
import { incompleteReply } from './incomplete-reply.ts';
import { streamRefusal } from './stream-refusal.ts';

export interface StartSessionRequest {
  /** `i-…`, `mi-…` or `ecs:<cluster>_<task>_<runtime>`. */
  readonly target: string;
  /** Undefined: the account's own, a shell. */
  readonly documentName?: string | undefined;
  readonly parameters?: Readonly<Record<string, readonly string[]>> | undefined;
  /** 1 to 256 characters. */
  readonly reason?: string | undefined;
  /** Who asks, for the sentence when it is refused. */
  readonly who?: string | undefined;
  /** What to do about it then. */
  readonly deniedHint?: string | undefined;
}

/** Both open the session for whoever has them. */
export interface SessionStream {
  readonly streamUrl: Secret;
  readonly tokenValue: Secret;
}

export interface NewSession extends SessionStream {
  readonly sessionId: string;
}

/** IAM action ssm:StartSession. Throws what AWS names TargetNotConnected and InvalidDocument as ForgeErrors. */
export async function startSession(
  aws: Aws,
  region: string,
  keys: SigningKeys,
  request: StartSessionRequest,
): Promise<NewSession> {
  const client = new SSMClient(aws.clientConfig('ssm', region, keys));
  const command = new StartSessionCommand({
    Target: request.target,
    DocumentName: request.documentName,
    Parameters:
      request.parameters &&
      Object.fromEntries(Object.entries(request.parameters).map(([name, values]) => [name, [...values]])),
    Reason: request.reason,
  });
  const call = {
    service: 'ssm',
    operation: 'StartSession',
    region,
    action: 'ssm:StartSession',
    resource: request.target,
    who: request.who,
    deniedHint: request.deniedHint,
  } as const;
  const output = await callAws(aws, call, (options) => client.send(command, options));
  const stream = parseStream(output.StreamUrl, output.TokenValue);
  if (!output.SessionId || stream === undefined) throw incompleteReply('ssm StartSession', 'session');
  return { sessionId: output.SessionId, ...stream };
}

/** IAM action ssm:ResumeSession. Undefined: the session is over. Throws UNSAFE_STREAM_URL for an address that is not AWS's. */
export async function resumeSession(
  aws: Aws,
  region: string,
  keys: SigningKeys,
  sessionId: string,
): Promise<SessionStream | undefined> {
  const client = new SSMClient(aws.clientConfig('ssm', region, keys));
  const command = new ResumeSessionCommand({ SessionId: sessionId });
  const call = {
    service: 'ssm',
    operation: 'ResumeSession',
    region,
    action: 'ssm:ResumeSession',
    resource: sessionId,
  } as const;
  try {
    const output = await callAws(aws, call, (options) => client.send(command, options));
    const stream = parseStream(output.StreamUrl, output.TokenValue);
    const refused = stream && streamRefusal(stream.streamUrl, aws.endpointFor('ssm', region), region);
    if (refused !== undefined) throw refused;
    return stream;
  } catch (error) {
    if (awsErrorName(error) === 'DoesNotExistException') return undefined;
    throw error;
  }
}

/** IAM action ssm:TerminateSession. One that is over already is no failure to AWS. */
export async function terminateSession(
  aws: Aws,
  region: string,
  keys: SigningKeys,
  sessionId: string,
): Promise<void> {
  const client = new SSMClient(aws.clientConfig('ssm', region, keys));
  const command = new TerminateSessionCommand({ SessionId: sessionId });
  const call = {
    service: 'ssm',
    operation: 'TerminateSession',
    region,
    action: 'ssm:TerminateSession',
    resource: sessionId,
  } as const;
  await callAws(aws, call, (options) => client.send(command, options));
}

function parseStream(
  streamUrl: string | undefined,
  tokenValue: string | undefined,
): SessionStream | undefined {
  if (!streamUrl || !tokenValue) return undefined;
  return { streamUrl: new Secret(streamUrl), tokenValue: new Secret(tokenValue) };
}
