import type { SignIn } from '../config/config.ts';
import { ForgeError } from '../errors.ts';
import { parseCallerArn } from './caller-arn.ts';
import type { CredentialCache } from './credential-cache.ts';
import type { IdentityParts } from './identity-parts.ts';
import type { RoleCredentials } from './role-credentials.ts';
import type { SsoToken } from './sso-token.ts';
import { ssoTokenOrSignIn } from './sso-token-or-sign-in.ts';
import { verifiedCaller } from './verified-caller.ts';

export interface PermissionSetRequest {
  readonly signIn: SignIn;
  readonly account: string;
  readonly permissionSet: string;
  /** Where STS is asked whose the keys are. */
  readonly region: string;
  readonly deniedHint?: string | undefined;
}

export interface HeldPermissionSetRequest extends Omit<PermissionSetRequest, 'permissionSet'> {
  /** The usual one first, then what other groups hold in the account: the first that the person holds is taken. */
  readonly permissionSets: readonly [string, ...string[]];
}

/** From the cache where one may be used. The sign-in has to live: keys of one that ended are not used. */
export async function heldPermissionSetCredentials(
  parts: IdentityParts,
  request: HeldPermissionSetRequest,
  cache: CredentialCache | undefined,
): Promise<RoleCredentials> {
  const token = await ssoTokenOrSignIn(parts, request.signIn);
  const [usual, ...others] = request.permissionSets;
  const keyOf = (permissionSet: string) => permissionSetKey(token, { ...request, permissionSet });
  for (const permissionSet of others.length > 0 ? request.permissionSets : []) {
    const kept = await cache?.find(keyOf(permissionSet));
    if (kept !== undefined) return kept;
  }
  const get = (permissionSet: string) => {
    const issue = () => permissionSetCredentials(parts, token, { ...request, permissionSet });
    return cache === undefined ? issue() : cache.credentials(keyOf(permissionSet), issue, { alone: true });
  };
  try {
    return await get(usual);
  } catch (error) {
    for (const permissionSet of others) {
      if (!isNotAssigned(error)) throw error;
      const found = await get(permissionSet).catch((next: unknown) => {
        if (!isNotAssigned(next)) throw next;
        return undefined;
      });
      if (found === undefined) continue;
      parts.output.note(`You don't hold ${usual} in ${request.account}: using ${permissionSet}.`);
      return found;
    }
    throw error;
  }
}

function isNotAssigned(error: unknown): boolean {
  return error instanceof ForgeError && error.code === 'ACCESS_DENIED';
}

/** The access token is a part of the key: who signs out, or in as somebody else, leaves these keys behind. */
export function permissionSetKey(
  token: Pick<SsoToken, 'accessToken'>,
  request: Pick<PermissionSetRequest, 'signIn' | 'account' | 'permissionSet'>,
): readonly string[] {
  const { signIn, account, permissionSet } = request;
  return ['permission-set', signIn.startUrl, token.accessToken.reveal(), account, permissionSet];
}

/**
 * Keys of a permission set in an account, and whose they are. Answers of the portal carry no ARN, and the name of
 * the person is in it; so STS is asked once, when the keys are new. Keys of another account or permission set
 * than asked for are a confused deputy, and nothing is done with them.
 */
export async function permissionSetCredentials(
  parts: IdentityParts,
  token: SsoToken,
  request: PermissionSetRequest,
): Promise<RoleCredentials> {
  const { account, permissionSet } = request;
  const { getRoleCredentials } = await import('../aws/sso.ts');
  const issued = await getRoleCredentials(await parts.aws(), token.region, token.accessToken, {
    account,
    permissionSet,
    deniedHint: request.deniedHint,
  });
  const source = `permission set ${permissionSet} in ${account}`;
  const verified = await verifiedCaller(
    parts,
    { ...issued, source, account, callerArn: undefined },
    request.region,
  );
  const caller = parseCallerArn(verified.callerArn);
  if (caller?.account !== account || caller.permissionSet !== permissionSet) {
    throw new ForgeError('denied', `AWS gave keys of ${verified.callerArn} in place of ${source}.`, {
      code: 'WRONG_CALLER',
      hint: 'Nothing was done with them. Check the account number and the permission set in forge.yaml: forge config show',
    });
  }
  return verified;
}
