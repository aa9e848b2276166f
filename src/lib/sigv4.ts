import { createHash, createHmac } from 'node:crypto';

/**
 * AWS Signature Version 4, query form ("presigned URL"), as RDS and EKS tokens use it.
 * Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html
 * Written here because it is identity (forge's own trade), because a token is one HMAC chain that should not
 * cost loading an SDK, and because the signing date must be correctable for a skewed local clock.
 * test/lib/sigv4.test.ts compares it with botocore's vectors and with @aws-sdk/rds-signer.
 */
export interface SigningKeys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
}

export interface PresignRequest {
  readonly service: string;
  readonly region: string;
  /** Value of the Host header: includes the port where it is not the scheme's default. */
  readonly host: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  /** Headers besides host that are signed, lower-case names. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly expiresInSeconds: number;
  readonly keys: SigningKeys;
  /** Epoch milliseconds of the signing instant. */
  readonly now: number;
}

/** The signed `host/path?query`, without a scheme. */
export function presign(request: PresignRequest): string {
  const timestamp = amzDate(request.now);
  const scope = `${timestamp.slice(0, 8)}/${request.region}/${request.service}/aws4_request`;
  const headers: Record<string, string> = { host: request.host, ...request.headers };
  const signedHeaders = Object.keys(headers).sort();
  const query: Record<string, string> = {
    ...request.query,
    'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
    'X-Amz-Credential': `${request.keys.accessKeyId}/${scope}`,
    'X-Amz-Date': timestamp,
    'X-Amz-Expires': String(request.expiresInSeconds),
    'X-Amz-SignedHeaders': signedHeaders.join(';'),
  };
  if (request.keys.sessionToken) query['X-Amz-Security-Token'] = request.keys.sessionToken;
  const pairs = Object.entries(query).map(
    ([name, value]) => `${percentEncode(name)}=${percentEncode(value)}`,
  );
  const canonical = [
    'GET',
    request.path,
    [...pairs].sort().join('&'),
    ...signedHeaders.map((name) => `${name}:${(headers[name] ?? '').trim()}`),
    '',
    signedHeaders.join(';'),
    emptyPayloadHash,
  ].join('\n');
  const toSign = ['AWS4-HMAC-SHA256', timestamp, scope, sha256(canonical)].join('\n');
  const dateKey = hmac(`AWS4${request.keys.secretAccessKey}`, timestamp.slice(0, 8));
  const key = hmac(hmac(hmac(dateKey, request.region), request.service), 'aws4_request');
  const signature = createHmac('sha256', key).update(toSign).digest('hex');
  return `${request.host}${request.path}?${pairs.join('&')}&X-Amz-Signature=${signature}`;
}

/** RFC 3986: everything but the unreserved characters. */
export function percentEncode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** `20261120T120000Z`. */
export function amzDate(epochMilliseconds: number): string {
  return `${new Date(epochMilliseconds).toISOString().slice(0, 19).replace(/[-:]/g, '')}Z`;
}

const emptyPayloadHash = sha256('');

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}
