import type { Access, AccessParts } from '../access/with-access.ts';
import type { Aws } from '../aws/clients.ts';
import { resumeSession, type StartSessionRequest, terminateSession } from '../aws/ssm.ts';
import type { Config } from '../config/config.ts';
import type { Host } from '../host.ts';
import { type RoleCredentials, signingKeys } from '../identity/role-credentials.ts';
import type { DataChannel } from './data-channel.ts';
import type { GenerateDataKey } from './handshake.ts';
import { deniedHint } from './logged-documents.ts';
import { type DataChannelOptions, openDataChannel } from './open-data-channel.ts';
import { deniedTunnelHint } from './remote-host-document.ts';
import { startOrTerminate } from './start-or-terminate.ts';

export interface SessionRequest {
  /** `i-…`, `mi-…` or `ecs:…`. */
  readonly target: string;
  /** Undefined: the account's own, a shell. */
  readonly documentName?: string | undefined;
  readonly parameters?: Readonly<Record<string, readonly string[]>> | undefined;
  readonly reason?: string | undefined;
}

export type SessionTuning = Pick<
  DataChannelOptions,
  'limits' | 'times' | 'backoff' | 'readyWithin' | 'lingerMs'
>;

/** The service takes no longer reason. */
const longestReason = 256;
/** Keys that end sooner are renewed before AWS is asked again, milliseconds. */
const spare = 60_000;

/**
 * ssm:StartSession and the open channel to the agent, encrypted by KMS when the account's preferences ask for it. A
 * lost connection resumes by itself, with new keys where the old ones have ended; disposing terminates the session.
 * Throws what AWS and the agent refuse with as ForgeErrors.
 */
export async function startSession(
  parts: AccessParts,
  access: Access,
  request: SessionRequest,
  tuning: SessionTuning = {},
): Promise<DataChannel> {
  const { host, output } = parts;
  const { region } = access;
  const aws = await parts.aws();
  let credentials: RoleCredentials = access.credentials;
  const keys = async () => {
    const { expiration } = credentials;
    if (expiration !== undefined && expiration - aws.now() < spare) credentials = await access.renew();
    return signingKeys(credentials);
  };
  const session = await startOrTerminate(
    aws,
    region,
    await keys(),
    awsRequest(parts.config, access, request),
  );
  const { sessionId } = session;
  const generateDataKey: GenerateDataKey = async (keyId, encryptionContext) => {
    const { generateDataKey: generate } = await import('../aws/kms.ts');
    return generate(aws, region, await keys(), { keyId, numberOfBytes: 64, encryptionContext });
  };
  const channel = await openDataChannel(
    { host, debug: (text) => output.debug(text) },
    { ...session, target: request.target },
    {
      ...tuning,
      signal: host.signal,
      generateDataKey,
      resume: async () => resumeSession(aws, region, await keys(), sessionId),
      // Also after Ctrl-C: that ends what the person sees, and nobody else ends the session.
      terminate: async () => terminateSession(uninterrupted(aws), region, await keys(), sessionId),
    },
  );
  if (channel.customerMessage !== '') output.note(channel.customerMessage);
  return channel;
}

/** What ssm:StartSession is asked. */
export function awsRequest(
  config: Pick<Config, 'breakGlass'>,
  access: Pick<Access, 'credentials' | 'breakglass' | 'target'>,
  request: SessionRequest,
): StartSessionRequest {
  const reason = request.reason?.slice(0, longestReason) || undefined;
  return {
    ...request,
    reason,
    who: access.credentials.callerArn,
    deniedHint:
      deniedTunnelHint(access.target.environment, request.documentName) ?? deniedHint(config, access),
  };
}

/** For what must be asked after Ctrl-C too. */
export function uninterrupted(aws: Aws): Aws {
  const { env, now, monotonic }: Pick<Host, 'env' | 'now' | 'monotonic'> = aws.host;
  return { ...aws, host: { env, now, monotonic, signal: new AbortController().signal } };
}
