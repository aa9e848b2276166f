import { ForgeError } from '../errors.ts';
import type { Host } from '../host.ts';
import { Secret } from '../lib/secret.ts';
import type { RoleCredentials } from './role-credentials.ts';

/**
 * AWS_ACCESS_KEY_ID and its siblings, which need no SDK: this is the path of a short command in a script. An
 * empty variable counts as unset, as for the AWS CLI. Undefined when there are none.
 */
export function findEnvironmentVariableCredentials(
  host: Pick<Host, 'env' | 'now'>,
): RoleCredentials | undefined {
  const { env } = host;
  const accessKeyId = env.AWS_ACCESS_KEY_ID;
  const secretAccessKey = env.AWS_SECRET_ACCESS_KEY;
  if (!accessKeyId && !secretAccessKey) return undefined;
  if (!accessKeyId || !secretAccessKey) {
    const [there, missing] = accessKeyId
      ? ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY']
      : ['AWS_SECRET_ACCESS_KEY', 'AWS_ACCESS_KEY_ID'];
    throw new ForgeError('usage', `${there} is set, but ${missing} is not.`, {
      code: 'PARTIAL_CREDENTIALS',
      hint: `Set both, or unset ${there}.`,
    });
  }
  const expiration = parseExpiration(env.AWS_CREDENTIAL_EXPIRATION);
  if (expiration !== undefined && expiration <= host.now()) {
    throw new ForgeError('signed-out', 'The credentials in the environment variables have expired.', {
      code: 'CREDENTIALS_EXPIRED',
      hint: 'Export new ones, or unset AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN.',
    });
  }
  const account = env.AWS_ACCOUNT_ID;
  return {
    accessKeyId,
    secretAccessKey: new Secret(secretAccessKey),
    sessionToken: env.AWS_SESSION_TOKEN ? new Secret(env.AWS_SESSION_TOKEN) : undefined,
    expiration,
    source: 'environment variables',
    account: account !== undefined && /^\d{12}$/.test(account) ? account : undefined,
    callerArn: undefined,
  };
}

/** ISO 8601, as AWS tools write AWS_CREDENTIAL_EXPIRATION; what is unreadable is not trusted to mean anything. */
function parseExpiration(text: string | undefined): number | undefined {
  const time = Date.parse(text ?? '');
  return Number.isNaN(time) ? undefined : time;
}
