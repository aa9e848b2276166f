import type { Access } from '../access/with-access.ts';
import type { RoleCredentials } from '../identity/role-credentials.ts';
import { type SignedToken, signClusterToken } from './cluster-access.ts';
import type { ClusterRequest } from './cluster-request.ts';

/** Keys that end sooner than a token does are renewed before they sign one. */
const shortestUseMs = 15 * 60_000;
/** As long as a request and a clock that is a little off take. */
const stillGoodMs = 60_000;

/**
 * Signs tokens for as long as an access is open: with keys that live as long as the token does, where AWS gives such.
 * One renewal at a time, whoever asks meanwhile waits for it. Throws what renewing throws once the old keys have ended.
 */
export function createTokenSigner(
  parts: Parameters<typeof signClusterToken>[0],
  access: Pick<Access, 'credentials' | 'renew'>,
  request: Pick<ClusterRequest, 'cluster' | 'region'>,
): () => Promise<SignedToken> {
  const left = ({ expiration = Number.POSITIVE_INFINITY }: RoleCredentials) => expiration - parts.host.now();
  let keys = access.credentials;
  /** A role of 15 minutes is not to be assumed anew for every token. */
  let renewAt = Math.min(shortestUseMs, left(keys) / 2);
  let renewing: Promise<void> | undefined;
  const renew = async () => {
    try {
      keys = await access.renew();
      renewAt = Math.min(shortestUseMs, left(keys) / 2);
    } catch (error) {
      if (left(keys) < stillGoodMs) throw error;
    } finally {
      renewing = undefined;
    }
  };
  return async () => {
    if (left(keys) < renewAt) {
      renewing ??= renew();
      await renewing;
    }
    return signClusterToken(parts, { credentials: keys }, request);
  };
}
