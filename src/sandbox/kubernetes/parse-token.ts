import { AwsFailure } from '../aws/aws-failure.ts';
import { parseQuery } from '../aws/canonical-request.ts';

/** The request that a token stands for: `GET https://<host>/?<query>`. */
export interface TokenRequest {
  readonly host: string;
  readonly query: string;
  /** The one that STS at this host expects in the signature's scope. */
  readonly region: string;
}

/** Lower case. Binds the token to one cluster, for EKS sends it with that cluster's name. */
export const clusterHeader = 'x-k8s-aws-id';

const prefix = 'k8s-aws-v1.';
/** maxTokenLenBytes of the authenticator. */
const longestToken = 4_096;
/** A token is good for 15 minutes after its date. */
const lifetimeMs = 15 * 60_000;
const longestExpiresSeconds = 900;

const parameters = new Set([
  'Action',
  'Version',
  'X-Amz-Algorithm',
  'X-Amz-Credential',
  'X-Amz-Date',
  'X-Amz-Expires',
  'X-Amz-Security-Token',
  'X-Amz-Signature',
  'X-Amz-SignedHeaders',
]);

/** Throws AwsFailure for everything that is wrong before STS is asked. `region` is the cluster's. */
export function parseToken(token: string, region: string, now: number): TokenRequest {
  const { host, query } = parseUrl(decode(token));
  const values = readParameters(query);
  if (values.get('Action') !== 'GetCallerIdentity') throw refused('the action is not GetCallerIdentity');
  if (values.get('Version') !== '2011-06-15') throw refused('the version of STS is not 2011-06-15');
  const signedHeaders = (values.get('X-Amz-SignedHeaders') ?? '').split(';');
  if (!signedHeaders.includes(clusterHeader)) throw refused(`${clusterHeader} is not signed`);
  const expires = values.get('X-Amz-Expires') ?? '';
  if (!/^\d{1,3}$/.test(expires) || Number(expires) < 1 || Number(expires) > longestExpiresSeconds) {
    throw refused(`X-Amz-Expires is not between 1 and ${longestExpiresSeconds}`);
  }
  checkDate(values.get('X-Amz-Date'), now);
  return { host, query, region: regionOf(host, region) };
}

function decode(token: string): string {
  if (token.length > longestToken) throw refused('the token is too large');
  if (!token.startsWith(prefix)) throw refused(`the token does not begin with ${prefix}`);
  const encoded = token.slice(prefix.length);
  const bytes = Buffer.from(encoded, 'base64url');
  if (bytes.toString('base64url') !== encoded) throw refused('the token is not in base64url without padding');
  const text = bytes.toString('latin1');
  if (/[^\x21-\x7e]/.test(text)) throw refused('the token holds no URL');
  return text;
}

function parseUrl(text: string): { readonly host: string; readonly query: string } {
  const [, scheme, host = '', path, query = ''] =
    /^([A-Za-z][A-Za-z0-9+.-]*):\/\/([^/?#]*)([^?#]*)(?:\?([^#]*))?$/.exec(text) ?? [];
  if (scheme === undefined) throw refused('the token holds no URL');
  if (scheme !== 'https') throw refused(`the scheme is ${scheme}`);
  if (path !== '/') throw refused('the path is not /');
  return { host, query };
}

function readParameters(query: string): ReadonlyMap<string, string> {
  const pairs = parseQuery(query);
  const names = pairs.map(([name]) => name);
  const unknown = names.find((name) => !parameters.has(name));
  if (unknown !== undefined)
    throw refused(`the parameter ${JSON.stringify(unknown)} is not one of a token's`);
  if (new Set(names).size !== names.length) throw refused('a parameter is given twice');
  return new Map(pairs);
}

/** The regional endpoint of STS, or the global one, which is us-east-1's. */
function regionOf(host: string, region: string): string {
  if (host === `sts.${region}.amazonaws.com`) return region;
  if (host === 'sts.amazonaws.com') return 'us-east-1';
  throw refused(`${JSON.stringify(host)} is not STS of the cluster's region`);
}

function checkDate(date: string | undefined, now: number): void {
  const parts = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(date ?? '')?.slice(1);
  const time = parts ? Date.parse(`${parts.slice(0, 3).join('-')}T${parts.slice(3).join(':')}Z`) : Number.NaN;
  if (Number.isNaN(time)) throw refused('X-Amz-Date is not a date');
  if (now > time + lifetimeMs) throw refused(`the token of ${date} is expired (15 minutes)`);
}

function refused(message: string): AwsFailure {
  return new AwsFailure('InvalidToken', 401, message);
}
