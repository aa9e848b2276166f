import { createHash, createHmac } from 'node:crypto';
import { expect, it } from 'vitest';
import type { Received } from '../../../src/sandbox/aws/exchange.ts';
import { readPayload } from '../../../src/sandbox/aws/s3/payload.ts';
import type { SignatureChain } from '../../../src/sandbox/aws/verify-signature.ts';

/**
 * No client here signs chunk by chunk, so AWS's published example is the judge: S3 API Reference, "Signature
 * Calculations for the Authorization Header: Transferring Payload in Multiple Chunks".
 */
const secret = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY';
const scope = ['20130524', 'us-east-1', 's3', 'aws4_request'];
const chain: SignatureChain = {
  signingKey: scope.reduce(
    (key, part) => createHmac('sha256', key).update(part).digest(),
    Buffer.from(`AWS4${secret}`),
  ),
  timestamp: '20130524T000000Z',
  credentialScope: scope.join('/'),
  signature: '4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9',
};
const signatures = [
  'ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648',
  '0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497',
  'b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9',
];
const chunk = (length: number, signature = '') =>
  `${length.toString(16)};chunk-signature=${signature}\r\n${'a'.repeat(length)}\r\n`;
const example = chunk(65_536, signatures[0]) + chunk(1024, signatures[1]) + chunk(0, signatures[2]);

const received = (body: string, headers: Readonly<Record<string, string>>): Received => ({
  requestId: '',
  arrivedAt: 0,
  method: 'PUT',
  path: '/examplebucket/chunkObject.txt',
  query: '',
  headers: Object.entries(headers),
  body: Buffer.from(body, 'latin1'),
  header: (name) => headers[name],
  cookie: () => undefined,
});
const signed = {
  'x-amz-content-sha256': 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
  'x-amz-decoded-content-length': '66560',
};
const read = (body: string, headers: Readonly<Record<string, string>> = signed) =>
  readPayload(received(body, headers), chain);

it('takes AWS’s own example apart', () => {
  expect(read(example).body.toString()).toBe('a'.repeat(66_560));
});

it.each<[string, string, string]>([
  ['a byte that was changed', example.replace('\r\na', '\r\nb'), 'SignatureDoesNotMatch'],
  [
    'chunks in another order',
    chunk(1024, signatures[1]) + chunk(65_536, signatures[0]),
    'SignatureDoesNotMatch',
  ],
  [
    'an end that is not signed',
    example.replace(signatures[2] ?? '', signatures[0] ?? ''),
    'SignatureDoesNotMatch',
  ],
  ['no end', chunk(65_536, signatures[0]), 'InvalidRequest'],
  ['a chunk that is cut off', example.slice(0, 1000), 'InvalidRequest'],
  ['a chunk without a signature', `5\r\nhello\r\n0\r\n\r\n`, 'InvalidRequest'],
  ['rubbish', 'not chunks at all', 'InvalidRequest'],
])('refuses %s', (_name, body, code) => {
  expect(() => read(body)).toThrow(expect.objectContaining({ code }));
});

it('refuses another length than was said, and trailers that were not announced', () => {
  const wrong = { ...signed, 'x-amz-decoded-content-length': '66561' };
  expect(() => read(example, wrong)).toThrow(expect.objectContaining({ code: 'IncompleteBody' }));
  const unsigned = {
    'x-amz-content-sha256': 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
    'x-amz-decoded-content-length': '5',
    'x-amz-trailer': 'x-amz-checksum-crc32',
  };
  const body = '5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n';
  expect(read(body, unsigned).trailers.get('x-amz-checksum-crc32')).toBe('NhCmhg==');
  expect(() => read(body.replace('crc32', 'sha1'), unsigned)).toThrow(
    expect.objectContaining({ code: 'InvalidRequest' }),
  );
});

it('wants the trailer signed where chunks are', () => {
  const trailer = 'x-amz-checksum-crc32:NhCmhg==';
  const hash = createHash('sha256').update(`${trailer}\n`).digest('hex');
  const text = ['AWS4-HMAC-SHA256-TRAILER', chain.timestamp, chain.credentialScope, signatures[2], hash].join(
    '\n',
  );
  const signature = createHmac('sha256', chain.signingKey).update(text).digest('hex');
  const headers = {
    ...signed,
    'x-amz-content-sha256': 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER',
    'x-amz-trailer': 'x-amz-checksum-crc32',
  };
  const body = (name: string) =>
    `${example.slice(0, -2)}${trailer}\r\nx-amz-trailer-signature:${name}\r\n\r\n`;
  expect(read(body(signature), headers).trailers.size).toBe(1);
  expect(() => read(body('0'.repeat(64)), headers)).toThrow(
    expect.objectContaining({ code: 'SignatureDoesNotMatch' }),
  );
});
