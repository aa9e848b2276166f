import { AwsFailure } from './aws/aws-failure.ts';
import { parseQuery } from './aws/canonical-request.ts';
import type { SignedRequest } from './aws/signed-request.ts';
import { parseSignature } from './aws/stated-signature.ts';
import { verifySignature } from './aws/verify-signature.ts';
import type { Principal } from './principal.ts';
import type { World } from './world.ts';

/**
 * An RDS IAM auth token: a presigned GET of `<endpoint>:<port>/?Action=connect&DBUser=<user>` without its
 * scheme. Source: RDS User Guide, "Creating a database account using IAM authentication" and "Connecting to
 * your DB instance using IAM authentication".
 */
export interface RdsTokenRequest {
  /** The password that the client sent. */
  readonly token: string;
  /** The endpoint's own name, whatever the client typed. */
  readonly host: string;
  readonly port: number;
  /** The database user of the startup message. */
  readonly user: string;
  /** cluster-… */
  readonly resourceId: string;
  readonly region: string;
  /** The account of the database. */
  readonly account: string;
}

/** `reason` is for the server's log; a client only ever learns that PAM authentication failed. */
export type RdsTokenVerdict =
  | { readonly ok: true; readonly principal: Principal }
  | { readonly ok: false; readonly reason: string };

/** Tokens are good for 15 minutes, and never for longer than X-Amz-Expires says. */
const longestSeconds = 900;
/** Tokens with a session token are 1 to 3 kB. */
const longestToken = 16_384;

export function verifyRdsToken(world: World, request: RdsTokenRequest): RdsTokenVerdict {
  try {
    return { ok: true, principal: check(world, request) };
  } catch (error) {
    if (!(error instanceof AwsFailure)) throw error;
    return { ok: false, reason: `${error.code}: ${error.message}` };
  }
}

function check(world: World, request: RdsTokenRequest): Principal {
  const { user } = request;
  const signed = parseToken(request);
  const stated = parseSignature(signed);
  if (stated.signedHeaders.join() !== 'host')
    throw refused('only the host may be a signed header of a token');
  if ((stated.expiresSeconds ?? 0) > longestSeconds) throw refused('X-Amz-Expires is more than 900 seconds');
  const { keys } = verifySignature(signed, {
    keys: world.keys,
    now: world.now(),
    service: 'rds-db',
    regions: [request.region],
  });
  const { principal } = keys;
  if (principal.account !== request.account) {
    throw refused(`${principal.arn} is of another account than the database, ${request.account}`);
  }
  const resource = `arn:aws:rds-db:${request.region}:${request.account}:dbuser:${request.resourceId}/${user}`;
  const decision = world.authorize(keys, 'rds-db:connect', resource, {
    'aws:RequestedRegion': request.region,
  });
  if (!decision.allowed) {
    throw refused(
      `${principal.arn} is not authorized to perform: rds-db:connect on resource: ${resource} ${decision.because}`,
    );
  }
  return principal;
}

/** The request that a token stands for, once it is known to be for this endpoint and user. */
function parseToken({ token, host, port, user }: RdsTokenRequest): SignedRequest {
  if (token.length > longestToken) throw refused('the password is too long to be a token');
  const [, given, query = ''] = /^([^/?#]*)\/\?([^#]*)$/.exec(token) ?? [];
  if (given === undefined) throw refused('the password is not a token');
  if (given !== `${host}:${port}`) throw refused('the token is for another endpoint or port');
  const pairs = parseQuery(query);
  const names = pairs.map(([name]) => name);
  if (names.some((name) => !parameters.has(name))) {
    throw refused('the token has a parameter that RDS does not know');
  }
  if (new Set(names).size !== names.length) throw refused('the token has a parameter twice');
  const values = new Map(pairs);
  if (values.get('Action') !== 'connect') throw refused('the token is not for Action=connect');
  if (values.get('DBUser') !== user) throw refused('the token is for another database user');
  return { method: 'GET', path: '/', query, headers: [['host', given]], body: Buffer.alloc(0) };
}

const parameters = new Set([
  'Action',
  'DBUser',
  'X-Amz-Algorithm',
  'X-Amz-Credential',
  'X-Amz-Date',
  'X-Amz-Expires',
  'X-Amz-SignedHeaders',
  'X-Amz-Security-Token',
  'X-Amz-Signature',
]);

function refused(message: string): AwsFailure {
  return new AwsFailure('AccessDenied', 403, message);
}
