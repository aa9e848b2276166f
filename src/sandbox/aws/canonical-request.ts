import { AwsFailure } from './aws-failure.ts';
import type { SignedRequest } from './signed-request.ts';

export type QueryPair = readonly [name: string, value: string];

/** The text that is hashed and signed, from the request as it arrived. */
export function canonicalRequest(
  request: SignedRequest,
  signedHeaders: readonly string[],
  payloadHash: string,
  leftOut: (pair: QueryPair) => boolean,
  pathOf: (path: string) => string = canonicalPath,
): string {
  const query = parseQuery(request.query)
    .filter((pair) => !leftOut(pair))
    .map(([name, value]): QueryPair => [encode(name), encode(value)])
    .sort(byNameThenValue)
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
  const headers = signedHeaders.map((name) => `${name}:${headerValue(request, name)}\n`).join('');
  return [request.method, pathOf(request.path), query, headers, signedHeaders.join(';'), payloadHash].join(
    '\n',
  );
}

/** Percent-decoded pairs in the order sent. `+` is a plus, as in every AWS query. */
export function parseQuery(query: string): readonly QueryPair[] {
  return query
    .split('&')
    .filter((part) => part !== '')
    .map((part) => {
      const at = part.indexOf('=');
      return at < 0 ? [decode(part), ''] : [decode(part.slice(0, at)), decode(part.slice(at + 1))];
    });
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new AwsFailure(
      'MalformedQueryString',
      400,
      'The query string has a percent-encoding that is not valid.',
    );
  }
}

/** RFC 3986: only letters, digits and -._~ stay. */
function encode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function byNameThenValue([nameA, valueA]: QueryPair, [nameB, valueB]: QueryPair): number {
  if (nameA !== nameB) return nameA < nameB ? -1 : 1;
  return valueA < valueB ? -1 : valueA > valueB ? 1 : 0;
}

/** Every service but S3 signs the path encoded a second time. */
function canonicalPath(path: string): string {
  return path.split('/').map(encode).join('/') || '/';
}

/** S3's objects are called what their path says: encoded once, dots and slashes as they are. */
export function canonicalObjectPath(path: string): string {
  return (
    path
      .split('/')
      .map((segment) => encode(decode(segment)))
      .join('/') || '/'
  );
}

function headerValue(request: SignedRequest, wanted: string): string {
  return request.headers
    .filter(([name]) => name.toLowerCase() === wanted)
    .map(([, value]) => value.trim().replace(/ {2,}/g, ' '))
    .join(',');
}
