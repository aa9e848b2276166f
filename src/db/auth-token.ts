import { Secret } from '../lib/secret.ts';
import { presign, type SigningKeys } from '../lib/sigv4.ts';

export interface AuthTokenRequest {
  /** The endpoint's real name, as the server knows it: a token for any other name is refused. */
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly region: string;
  readonly keys: SigningKeys;
  /** Epoch milliseconds on AWS's clock. */
  readonly now: number;
}

/** How long RDS accepts a token, counted from its signing. */
export const authTokenLifetimeMs = 15 * 60_000;

/**
 * An RDS IAM auth token: a presigned request to `rds-db` without its scheme, used as the password. Made locally.
 * https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.Connecting.html
 */
export function rdsAuthToken({ host, port, user, region, keys, now }: AuthTokenRequest): Secret {
  return new Secret(
    presign({
      service: 'rds-db',
      region,
      host: `${host}:${port}`,
      path: '/',
      query: { Action: 'connect', DBUser: user },
      expiresInSeconds: authTokenLifetimeMs / 1000,
      keys,
      now,
    }),
  );
}
