import type { Access } from '../access/with-access.ts';
import type { IdentityParts } from '../identity/identity-parts.ts';
import { knownClockSkew, type ObservedAws } from '../identity/observe-aws.ts';
import { signingKeys } from '../identity/role-credentials.ts';
import { durationText } from '../lib/duration-text.ts';
import type { Secret } from '../lib/secret.ts';
import { authTokenLifetimeMs, rdsAuthToken } from './auth-token.ts';

export interface SignedToken {
  readonly token: Secret;
  /** AWS's clock minus this machine's, as far as it was known: what the signing date was corrected by. */
  readonly clockSkew: number;
}

/** A token for an endpoint, signed by AWS's clock where an earlier reply of AWS in this command showed it. */
export async function signToken(
  parts: Pick<IdentityParts, 'host' | 'output'> & ObservedAws,
  access: Pick<Access, 'credentials'>,
  endpoint: {
    readonly host: string;
    readonly port: number;
    readonly user: string;
    readonly region: string;
  },
): Promise<SignedToken> {
  const { host, output } = parts;
  const { credentials } = access;
  const clockSkew = await knownClockSkew(parts);
  const now = host.now() + clockSkew;
  if (credentials.expiration !== undefined && credentials.expiration < now + authTokenLifetimeMs) {
    const left = durationText(credentials.expiration - now);
    output.debug(`the token ends with the credentials that sign it, in ${left}`);
  }
  const { host: name, port, user, region } = endpoint;
  return {
    token: rdsAuthToken({ host: name, port, user, region, keys: signingKeys(credentials), now }),
    clockSkew,
  };
}
