import type { Access } from '../access/with-access.ts';
import { ForgeError } from '../errors.ts';
import type { IdentityParts } from '../identity/identity-parts.ts';
import type { DatabaseConnection } from './endpoint.ts';
import type { FailureFacts } from './failure-facts.ts';

/** After a refused token AWS is asked who we are: that measures the clock and shows keys that have ended. */
export async function gatherFailureFacts(
  parts: IdentityParts,
  access: Pick<Access, 'credentials' | 'target'>,
  connection: DatabaseConnection,
  error: unknown,
): Promise<FailureFacts> {
  const known = knownFailureFacts(parts, access, connection);
  if (!(error instanceof Error) || !/PAM authentication failed/.test(error.message)) return known;
  const { getCallerIdentity } = await import('../aws/sts.ts');
  const { signingKeys } = await import('../identity/role-credentials.ts');
  const aws = await parts.aws();
  try {
    const caller = await getCallerIdentity(aws, connection.region, signingKeys(access.credentials));
    return {
      ...known,
      account: caller.account,
      who: caller.arn,
      clockSkew: aws.clockSkew(),
      now: aws.now(),
    };
  } catch (refused) {
    // Keys that AWS itself does not take explain the refusal; a network that fails does not.
    if (refused instanceof ForgeError && refused.kind !== 'unreachable') throw refused;
    return { ...known, now: aws.now() };
  }
}

/** Without asking anybody. */
export function knownFailureFacts(
  { host }: Pick<IdentityParts, 'host'>,
  { credentials, target }: Pick<Access, 'credentials' | 'target'>,
  connection: DatabaseConnection,
): FailureFacts {
  const { request } = connection;
  return {
    ...connection,
    name: request.name,
    words: request.words,
    account: credentials.account ?? target.environment?.account,
    who: credentials.callerArn ?? credentials.source,
    keysExpire: credentials.expiration,
    now: host.now(),
    clockSkew: undefined,
    networkGroups: target.environment?.networkGroups ?? [],
  };
}
