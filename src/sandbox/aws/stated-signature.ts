import { AwsFailure } from './aws-failure.ts';
import { parseQuery } from './canonical-request.ts';
import type { SignedRequest } from './signed-request.ts';

/** What a request says of its own signature, in the Authorization header or in its query. */
export interface StatedSignature {
  readonly form: 'header' | 'query';
  readonly accessKeyId: string;
  readonly scope: {
    readonly date: string;
    readonly region: string;
    readonly service: string;
    readonly terminator: string;
  };
  /** Lower case, in order. */
  readonly signedHeaders: readonly string[];
  readonly signature: string;
  /** `20261120T120000Z`. */
  readonly timestamp: string;
  readonly signedAt: number;
  /** X-Amz-Expires; only in the query form. */
  readonly expiresSeconds: number | undefined;
  readonly sessionToken: string | undefined;
}

const algorithm = 'AWS4-HMAC-SHA256';
/** A week: what SigV4 allows a presigned URL. */
const longestExpirySeconds = 604_800;

/** Throws AwsFailure when there is none or it is not complete. */
export function parseSignature(request: SignedRequest): StatedSignature {
  const authorization = header(request, 'authorization');
  const query = new Map(parseQuery(request.query));
  const inQuery = query.has('X-Amz-Algorithm') || query.has('X-Amz-Signature');
  if (authorization !== undefined && inQuery) {
    throw incomplete('A request is signed in its header or in its query, not in both.');
  }
  if (authorization !== undefined) return fromHeader(request, authorization);
  if (inQuery) return fromQuery(request, query);
  throw new AwsFailure('MissingAuthenticationToken', 403, 'Request is missing Authentication Token');
}

function fromHeader(request: SignedRequest, authorization: string): StatedSignature {
  const [scheme = '', rest = ''] = splitOnce(authorization, ' ');
  if (scheme !== algorithm) throw incomplete(`Unsupported AWS 'algorithm': '${printable(scheme)}'.`);
  const parts = new Map(
    rest.split(',').map((part) => {
      const [name = '', value = ''] = splitOnce(part.trim(), '=');
      return [name, value] as const;
    }),
  );
  const missing = ['Credential', 'Signature', 'SignedHeaders'].filter((name) => !parts.get(name));
  const timestamp = header(request, 'x-amz-date');
  const sentences = missing.map((name) => `Authorization header requires '${name}' parameter.`);
  if (timestamp === undefined) {
    sentences.push("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.");
  }
  if (sentences.length > 0 || timestamp === undefined) throw incomplete(sentences.join(' '));
  return {
    form: 'header',
    ...parseCredential(parts.get('Credential') ?? ''),
    signedHeaders: parseSignedHeaders(parts.get('SignedHeaders') ?? ''),
    signature: parts.get('Signature') ?? '',
    timestamp,
    signedAt: parseTimestamp(timestamp),
    expiresSeconds: undefined,
    sessionToken: header(request, 'x-amz-security-token'),
  };
}

function fromQuery(request: SignedRequest, query: ReadonlyMap<string, string>): StatedSignature {
  const pairs = parseQuery(request.query);
  const names = pairs.map(([name]) => name.toLowerCase());
  const doubled = names.find((name, index) => name.startsWith('x-amz-') && names.indexOf(name) !== index);
  if (doubled)
    throw incomplete(`AWS query-string parameter '${printable(doubled)}' is given more than once.`);
  const required = (name: string): string => {
    const value = query.get(name);
    if (!value) throw incomplete(`AWS query-string parameters must include '${name}'.`);
    return value;
  };
  const given = required('X-Amz-Algorithm');
  if (given !== algorithm) throw incomplete(`Unsupported AWS 'algorithm': '${printable(given)}'.`);
  const expires = required('X-Amz-Expires');
  const expiresSeconds = /^\d{1,7}$/.test(expires) ? Number(expires) : 0;
  if (expiresSeconds < 1 || expiresSeconds > longestExpirySeconds) {
    throw incomplete('X-Amz-Expires must be a number of seconds between 1 and 604800.');
  }
  const timestamp = required('X-Amz-Date');
  return {
    form: 'query',
    ...parseCredential(required('X-Amz-Credential')),
    signedHeaders: parseSignedHeaders(required('X-Amz-SignedHeaders')),
    signature: required('X-Amz-Signature'),
    timestamp,
    signedAt: parseTimestamp(timestamp),
    expiresSeconds,
    sessionToken: query.get('X-Amz-Security-Token'),
  };
}

function parseCredential(text: string): Pick<StatedSignature, 'accessKeyId' | 'scope'> {
  const parts = text.split('/');
  const [accessKeyId = '', date = '', region = '', service = '', terminator = ''] = parts;
  if (parts.length !== 5 || accessKeyId === '') {
    throw incomplete(
      'Credential must have exactly 5 slash-delimited elements: keyid/date/region/service/term.',
    );
  }
  return { accessKeyId, scope: { date, region, service, terminator } };
}

function parseSignedHeaders(text: string): readonly string[] {
  const names = text.split(';');
  const sorted = names.every((name, index) => index === 0 || (names[index - 1] ?? '') < name);
  if (!sorted || names.some((name) => !/^[a-z0-9!#$%&'*+.^_`|~-]+$/.test(name))) {
    throw incomplete('SignedHeaders must be lower-case header names in order, parted by semicolons.');
  }
  return names;
}

function parseTimestamp(text: string): number {
  const parts = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text)?.slice(1);
  const time = parts ? Date.parse(`${parts.slice(0, 3).join('-')}T${parts.slice(3).join(':')}Z`) : Number.NaN;
  if (Number.isNaN(time)) {
    throw incomplete(
      `Date must be in ISO-8601 'basic format'. Got '${printable(text)}'. See http://en.wikipedia.org/wiki/ISO_8601`,
    );
  }
  return time;
}

/** Undefined when absent; a repeated one is refused, for which of the two was signed is anybody's guess. */
function header(request: SignedRequest, wanted: string): string | undefined {
  const values = request.headers.filter(([name]) => name.toLowerCase() === wanted).map(([, value]) => value);
  if (values.length > 1) throw incomplete(`The header '${wanted}' is given more than once.`);
  return values[0];
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + separator.length)];
}

function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?').slice(0, 80);
}

function incomplete(message: string): AwsFailure {
  return new AwsFailure('IncompleteSignature', 400, message);
}
