import {
  AssumeRoleCommand,
  GetCallerIdentityCommand,
  GetSessionTokenCommand,
  STSClient,
} from '@aws-sdk/client-sts';
import type { SigningKeys } from '../lib/sigv4.ts';
import { type Aws, callAws } from './clients.ts';
import { incompleteReply } from './incomplete-reply.ts';
import { type IssuedCredentials, parseIssuedCredentials } from './issued-credentials.ts';

export interface CallerIdentity {
  /** 12 digits. */
  readonly account: string;
  readonly arn: string;
  readonly userId: string;
}

/** Needs no permission: AWS answers it to whoever holds valid keys. */
export async function getCallerIdentity(
  aws: Aws,
  region: string,
  keys: SigningKeys,
): Promise<CallerIdentity> {
  const client = new STSClient(aws.clientConfig('sts', region, keys));
  const call = { service: 'sts', operation: 'GetCallerIdentity', region } as const;
  const output = await callAws(aws, call, (options) =>
    client.send(new GetCallerIdentityCommand({}), options),
  );
  const { Account: account, Arn: arn, UserId: userId } = output;
  if (!account || !arn || !userId) throw incompleteReply('sts GetCallerIdentity', 'identity');
  return { account, arn, userId };
}

export interface AssumeRoleRequest {
  readonly roleArn: string;
  /** [\w+=,.@-]{2,64} */
  readonly sessionName: string;
  readonly sourceIdentity?: string | undefined;
  /** 900 to 43200, and at most 3600 when the keys are a role's themselves (role chaining). */
  readonly durationSeconds: number;
  readonly externalId?: string | undefined;
  readonly serialNumber?: string | undefined;
  /** Six digits of the MFA device. */
  readonly tokenCode?: string | undefined;
  readonly tags?: Readonly<Record<string, string>> | undefined;
  /** Names of tags that roles assumed from this one keep. */
  readonly transitiveTags?: readonly string[] | undefined;
  /** Inline policy document that narrows the role. */
  readonly policy?: string | undefined;
  /** Who asks, for the sentence when it is refused. */
  readonly who?: string | undefined;
  readonly deniedHint?: string | undefined;
}

export interface AssumedRole extends IssuedCredentials {
  /** `arn:aws:sts::<account>:assumed-role/<role>/<name>`. */
  readonly arn: string;
}

/** IAM action sts:AssumeRole; with a source identity also sts:SetSourceIdentity, with tags sts:TagSession. */
export async function assumeRole(
  aws: Aws,
  region: string,
  keys: SigningKeys,
  request: AssumeRoleRequest,
): Promise<AssumedRole> {
  const client = new STSClient(aws.clientConfig('sts', region, keys));
  const command = new AssumeRoleCommand({
    RoleArn: request.roleArn,
    RoleSessionName: request.sessionName,
    DurationSeconds: request.durationSeconds,
    SourceIdentity: request.sourceIdentity,
    ExternalId: request.externalId,
    SerialNumber: request.serialNumber,
    TokenCode: request.tokenCode,
    Tags: request.tags && Object.entries(request.tags).map(([Key, Value]) => ({ Key, Value })),
    TransitiveTagKeys: request.transitiveTags && [...request.transitiveTags],
    Policy: request.policy,
  });
  const call = {
    service: 'sts',
    operation: 'AssumeRole',
    region,
    action: 'sts:AssumeRole',
    resource: request.roleArn,
    who: request.who,
    deniedHint: request.deniedHint,
  } as const;
  const output = await callAws(aws, call, (options) => client.send(command, options));
  const { AccessKeyId, SecretAccessKey, SessionToken, Expiration } = output.Credentials ?? {};
  const issued = parseIssuedCredentials(AccessKeyId, SecretAccessKey, SessionToken, Expiration?.getTime());
  const arn = output.AssumedRoleUser?.Arn;
  if (issued === undefined || !arn) throw incompleteReply('sts AssumeRole', 'credentials');
  return { ...issued, arn };
}

/** Only for an IAM user's own keys; needs no permission. Throws as AWS does when it does not take the code. */
export async function getSessionToken(
  aws: Aws,
  region: string,
  keys: SigningKeys,
  request: { readonly serialNumber: string; readonly tokenCode: string; readonly durationSeconds: number },
): Promise<IssuedCredentials> {
  const client = new STSClient(aws.clientConfig('sts', region, keys));
  const command = new GetSessionTokenCommand({
    SerialNumber: request.serialNumber,
    TokenCode: request.tokenCode,
    DurationSeconds: request.durationSeconds,
  });
  const call = { service: 'sts', operation: 'GetSessionToken', region } as const;
  const output = await callAws(aws, call, (options) => client.send(command, options));
  const { AccessKeyId, SecretAccessKey, SessionToken, Expiration } = output.Credentials ?? {};
  const issued = parseIssuedCredentials(AccessKeyId, SecretAccessKey, SessionToken, Expiration?.getTime());
  if (issued === undefined) throw incompleteReply('sts GetSessionToken', 'credentials');
  return issued;
}
