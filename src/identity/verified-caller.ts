import { ForgeError } from '../errors.ts';
import { parseCallerArn } from './caller-arn.ts';
import type { IdentityParts } from './identity-parts.ts';
import { type RoleCredentials, signingKeys } from './role-credentials.ts';

export interface VerifiedCredentials extends RoleCredentials {
  readonly account: string;
  readonly callerArn: string;
}

/** The same keys, with what AWS says whose they are. Asks (sts GetCallerIdentity) only when nobody has asked yet. */
export async function verifiedCaller(
  parts: IdentityParts,
  credentials: RoleCredentials,
  region: string,
): Promise<VerifiedCredentials> {
  const { callerArn } = credentials;
  const account = callerArn === undefined ? undefined : parseCallerArn(callerArn)?.account;
  if (callerArn !== undefined && account !== undefined) return { ...credentials, account, callerArn };
  const { getCallerIdentity } = await import('../aws/sts.ts');
  const identity = await getCallerIdentity(await parts.aws(), region, signingKeys(credentials));
  if (parseCallerArn(identity.arn)?.account !== identity.account) {
    throw new ForgeError('failed', `AWS names a caller that forge can't read: ${identity.arn}`, {
      code: 'UNREADABLE_CALLER',
      hint: 'Check AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_STS and the proxy: was it AWS that answered?',
    });
  }
  return { ...credentials, account: identity.account, callerArn: identity.arn, checkedAt: parts.host.now() };
}
