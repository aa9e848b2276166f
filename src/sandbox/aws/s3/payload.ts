import { createHash, createHmac } from 'node:crypto';
import { AwsFailure } from '../aws-failure.ts';
import type { Received } from '../exchange.ts';
import type { SignedRequest } from '../signed-request.ts';
import type { SignatureChain } from '../verify-signature.ts';

/**
 * What was sent, out of what it was sent in. Source: S3 API Reference, "Authenticating Requests: Using the
 * Authorization Header", "Signature Calculations … Transferring Payload in Multiple Chunks", "… Including Trailing
 * Headers".
 */
export interface Payload {
  readonly body: Buffer;
  /** Lower-case names. */
  readonly trailers: ReadonlyMap<string, string>;
}

const unsignedChunks = 'STREAMING-UNSIGNED-PAYLOAD-TRAILER';
const signedChunks = ['STREAMING-AWS4-HMAC-SHA256-PAYLOAD', 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER'];

/** The payload's line in the canonical request. A presigned URL says nothing of its payload. */
export function payloadHash(request: SignedRequest): string {
  const declared = headerOf(request, 'x-amz-content-sha256');
  if (declared === undefined) {
    if (headerOf(request, 'authorization') === undefined) return 'UNSIGNED-PAYLOAD';
    throw new AwsFailure(
      'InvalidRequest',
      400,
      'Missing required header for this request: x-amz-content-sha256',
    );
  }
  const special = declared === 'UNSIGNED-PAYLOAD' || declared === unsignedChunks;
  if (special || signedChunks.includes(declared)) return declared;
  if (!/^[0-9a-f]{64}$/.test(declared)) {
    throw new AwsFailure(
      'InvalidArgument',
      400,
      'x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER or a valid sha256 value.',
    );
  }
  if (declared !== sha256(request.body)) {
    throw new AwsFailure(
      'XAmzContentSHA256Mismatch',
      400,
      "The provided 'x-amz-content-sha256' header does not match what was computed.",
    );
  }
  return declared;
}

/** Takes aws-chunked apart; each chunk's signature goes on from the one before it. */
export function readPayload(request: Received, chain: SignatureChain): Payload {
  const declared = request.header('x-amz-content-sha256') ?? '';
  if (declared !== unsignedChunks && !signedChunks.includes(declared)) {
    return { body: request.body, trailers: new Map() };
  }
  const signed = declared !== unsignedChunks;
  const chunks: Buffer[] = [];
  let previous = chain.signature;
  let at = 0;
  for (;;) {
    const [line, start] = lineAt(request.body, at);
    const [, hex = '', signature] = /^([0-9a-f]{1,8})(?:;chunk-signature=([0-9a-f]{64}))?$/i.exec(line) ?? [];
    if (hex === '' || (signature === undefined) === signed) throw malformed();
    const length = Number.parseInt(hex, 16);
    const chunk = request.body.subarray(start, start + length);
    if (chunk.length !== length) throw malformed();
    if (signed) {
      previous = next(chain, 'AWS4-HMAC-SHA256-PAYLOAD', [previous, sha256(''), sha256(chunk)]);
      if (previous !== signature) throw mismatch();
    }
    at = start + length;
    if (length === 0) break;
    if (request.body.toString('latin1', at, at + 2) !== '\r\n') throw malformed();
    at += 2;
    chunks.push(chunk);
  }
  const body = Buffer.concat(chunks);
  if (String(body.length) !== request.header('x-amz-decoded-content-length')) {
    throw new AwsFailure(
      'IncompleteBody',
      400,
      'You did not provide the number of bytes specified by the x-amz-decoded-content-length HTTP header',
    );
  }
  return { body, trailers: readTrailers(request, at, chain, previous, signed) };
}

function readTrailers(
  request: Received,
  start: number,
  chain: SignatureChain,
  previous: string,
  signed: boolean,
): ReadonlyMap<string, string> {
  const lines = request.body.toString('latin1', start).split('\r\n').filter(Boolean);
  const pairs = lines.map((line) => {
    const colon = line.indexOf(':');
    if (colon < 1) throw malformed();
    return [line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim()] as const;
  });
  const trailers = new Map(pairs);
  const signature = trailers.get('x-amz-trailer-signature');
  trailers.delete('x-amz-trailer-signature');
  const announced = (request.header('x-amz-trailer') ?? '')
    .split(',')
    .map((name) => name.trim().toLowerCase());
  if ([...trailers.keys()].some((name) => !announced.includes(name))) throw malformed();
  if (signed && trailers.size > 0) {
    const text = [...trailers].map(([name, value]) => `${name}:${value}\n`).join('');
    if (signature !== next(chain, 'AWS4-HMAC-SHA256-TRAILER', [previous, sha256(text)])) throw mismatch();
  }
  return trailers;
}

function next(chain: SignatureChain, algorithm: string, parts: readonly string[]): string {
  const text = [algorithm, chain.timestamp, chain.credentialScope, ...parts].join('\n');
  return createHmac('sha256', chain.signingKey).update(text).digest('hex');
}

/** The line, and where what follows it begins. */
function lineAt(body: Buffer, at: number): readonly [line: string, next: number] {
  const end = body.indexOf('\r\n', at);
  if (end < 0 || end - at > 200) throw malformed();
  return [body.toString('latin1', at, end), end + 2];
}

function headerOf(request: SignedRequest, wanted: string): string | undefined {
  return request.headers.find(([name]) => name.toLowerCase() === wanted)?.[1];
}

function malformed(): AwsFailure {
  return new AwsFailure('InvalidRequest', 400, 'The chunks of the body are malformed');
}

function mismatch(): AwsFailure {
  return new AwsFailure(
    'SignatureDoesNotMatch',
    403,
    'The request signature we calculated does not match the signature you provided. Check your key and signing method.',
  );
}

function sha256(data: string | Buffer): string {
  return createHash('sha256').update(data).digest('hex');
}
