import { reasonNeeded } from '../access/may-i.ts';
import type { Access, AccessRequest } from '../access/with-access.ts';
import type { IdentityParts } from '../identity/identity-parts.ts';
import { knownClockSkew, type ObservedAws } from '../identity/observe-aws.ts';
import { signingKeys } from '../identity/role-credentials.ts';
import type { Secret } from '../lib/secret.ts';
import type { ClusterRequest } from './cluster-request.ts';
import { eksToken, eksTokenLifetimeMs } from './eks-token.ts';

export interface ClusterPurpose {
  /** Words of the command, e.g. `kube exec`. */
  readonly purpose: string;
  /** For the journal: describeProgram's words. */
  readonly program?: string | undefined;
  readonly reason: string | undefined;
  /** --profile */
  readonly profile: string | undefined;
  /** A token is handed out and nothing is opened. */
  readonly momentary?: boolean;
  readonly mfaCode?: string | undefined;
}

/** What withAccess is asked for a cluster. */
export function clusterAccess(request: ClusterRequest, purpose: ClusterPurpose): AccessRequest {
  const { environment, name, region, roles } = request;
  // What a token can do is the cluster's to say; it is not less than writing where it lets somebody write.
  return { environment, targetName: name, region, roles, write: true, ...purpose };
}

/**
 * For what leaves a way open. By flags alone no environment is involved, but a cluster that forge.yaml has in production
 * stays production. Throws usage REASON_NEEDED.
 */
export function lastingAccess(request: ClusterRequest, purpose: ClusterPurpose): AccessRequest {
  if (request.production && request.environment === undefined && purpose.reason === undefined) {
    throw reasonNeeded(purpose.purpose);
  }
  return { ...clusterAccess(request, purpose), reasonNeeded: true };
}

export interface SignedToken {
  readonly token: Secret;
  /** Epoch milliseconds by this machine's clock: 14 minutes, or the end of the keys that signed it. */
  readonly expiresAt: number;
}

/** A token for a cluster, signed by AWS's clock where an earlier reply of AWS in this command showed it. */
export async function signClusterToken(
  parts: Pick<IdentityParts, 'host'> & ObservedAws,
  { credentials }: Pick<Access, 'credentials'>,
  { cluster, region }: Pick<ClusterRequest, 'cluster' | 'region'>,
): Promise<SignedToken> {
  const now = parts.host.now();
  const skew = await knownClockSkew(parts);
  const token = eksToken({ cluster, region, keys: signingKeys(credentials), now: now + skew });
  // The keys end by AWS's clock; the client compares with its own.
  const keysEnd =
    credentials.expiration === undefined ? Number.POSITIVE_INFINITY : credentials.expiration - skew;
  return { token, expiresAt: Math.min(now + eksTokenLifetimeMs, keysEnd) };
}
