import { createHash } from 'node:crypto';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import { Signer } from '@aws-sdk/rds-signer';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { presign } from '../../../src/lib/sigv4.ts';
import { AwsFailure } from '../../../src/sandbox/aws/aws-failure.ts';
import type { SignedRequest } from '../../../src/sandbox/aws/signed-request.ts';
import { type SignatureRules, verifySignature } from '../../../src/sandbox/aws/verify-signature.ts';
import { createKeyStore } from '../../../src/sandbox/issued-keys.ts';
import type { IssuedKeys } from '../../../src/sandbox/principal.ts';
import { createWorld } from '../../../src/sandbox/world.ts';
import { credentialsOf } from '../clients.ts';

const now = Date.parse('2026-11-21T12:00:00Z');
const { principal } = createWorld({ now: () => now }).userKeys('ci');
const keys = createKeyStore(() => now);
const temporary = keys.issueTemporary(principal, 3600);
const longTerm = keys.issueLongTerm(principal);
const rules: SignatureRules = {
  keys,
  now,
  service: 'sts',
  regions: ['us-east-1', 'eu-west-1'],
  presignedSeconds: 900,
};

/** What the SDK would put on the wire, signed at `now`. */
async function signedBySdk(signer: IssuedKeys, region = 'us-east-1'): Promise<SignedRequest> {
  let seen: SignedRequest | undefined;
  const client = new STSClient({
    region,
    endpoint: 'http://127.0.0.1:4566',
    credentials: credentialsOf(signer),
    maxAttempts: 1,
    systemClockOffset: now - Date.now(),
    requestHandler: {
      async handle(request: {
        method: string;
        path: string;
        query: object;
        headers: Record<string, string>;
        body: string;
      }) {
        seen = {
          method: request.method,
          path: request.path,
          query: '',
          headers: Object.entries(request.headers),
          body: Buffer.from(request.body),
        };
        throw new Error('seen');
      },
    },
  });
  await client
    .send(
      new AssumeRoleCommand({
        RoleArn: 'arn:aws:iam::111111111111:role/some role/ü',
        RoleSessionName: 'x~y*z',
      }),
    )
    .catch(() => {});
  if (!seen) throw new Error('the SDK sent nothing');
  return seen;
}

async function presigned(signer: IssuedKeys): Promise<SignedRequest> {
  const credentials = credentialsOf(signer);
  const token = await new Signer({
    hostname: 'db.example',
    port: 5432,
    username: 'a b/c+d',
    region: 'us-east-1',
    credentials,
  }).getAuthToken();
  return {
    method: 'GET',
    path: '/',
    query: token.split('/?')[1] ?? '',
    headers: [['Host', 'db.example:5432']],
    body: Buffer.alloc(0),
  };
}

const code = (request: SignedRequest, changed: Partial<SignatureRules> = {}): string => {
  try {
    verifySignature(request, { ...rules, ...changed });
    return 'accepted';
  } catch (error) {
    if (error instanceof AwsFailure) return error.code;
    throw error;
  }
};
const words = (request: SignedRequest, changed: Partial<SignatureRules> = {}): string => {
  try {
    verifySignature(request, { ...rules, ...changed });
    return '';
  } catch (error) {
    return (error as Error).message;
  }
};
const withHeader = (
  request: SignedRequest,
  name: string,
  change: (value: string) => string,
): SignedRequest => ({
  ...request,
  headers: request.headers.map(
    ([key, value]) => [key, key.toLowerCase() === name ? change(value) : value] as const,
  ),
});
const authorization = (request: SignedRequest, from: string | RegExp, to: string) =>
  withHeader(request, 'authorization', (value) => {
    const changed = value.replace(from, to);
    if (changed === value) throw new Error(`nothing to replace in ${value}`);
    return changed;
  });

let signed: SignedRequest;
beforeAll(async () => {
  signed = await signedBySdk(temporary);
});

describe('a signature in the header', () => {
  it('is accepted as the SDK makes it', async () => {
    expect(verifySignature(signed, rules)).toMatchObject({
      keys: temporary,
      region: 'us-east-1',
      form: 'header',
    });
    expect(code(await signedBySdk(longTerm, 'eu-west-1'))).toBe('accepted');
  });

  it.each<[string, (request: SignedRequest) => SignedRequest, string]>([
    ['the method', (request) => ({ ...request, method: 'PUT' }), 'SignatureDoesNotMatch'],
    ['the path', (request) => ({ ...request, path: '/x' }), 'SignatureDoesNotMatch'],
    ['the query', (request) => ({ ...request, query: 'a=b' }), 'SignatureDoesNotMatch'],
    [
      'the body',
      (request) => ({ ...request, body: Buffer.from(`${request.body}&DurationSeconds=43200`) }),
      'SignatureDoesNotMatch',
    ],
    ['the host', (request) => withHeader(request, 'host', () => '127.0.0.1:4567'), 'SignatureDoesNotMatch'],
    [
      'the content type',
      (request) => withHeader(request, 'content-type', () => 'text/plain'),
      'SignatureDoesNotMatch',
    ],
    [
      'the date within the day',
      (request) => withHeader(request, 'x-amz-date', () => '20261121T120001Z'),
      'SignatureDoesNotMatch',
    ],
    [
      'the day',
      (request) => withHeader(request, 'x-amz-date', () => '20261122T120000Z'),
      'SignatureDoesNotMatch',
    ],
    [
      'the date to nonsense',
      (request) => withHeader(request, 'x-amz-date', () => '2026-11-21T12:00:00Z'),
      'IncompleteSignature',
    ],
    [
      'no date',
      (request) => ({ ...request, headers: request.headers.filter(([name]) => name !== 'x-amz-date') }),
      'IncompleteSignature',
    ],
    [
      'a second date',
      (request) => ({ ...request, headers: [...request.headers, ['X-Amz-Date', '20261121T120000Z']] }),
      'IncompleteSignature',
    ],
    [
      'the payload hash',
      (request) => withHeader(request, 'x-amz-content-sha256', () => createHash('sha256').digest('hex')),
      'SignatureDoesNotMatch',
    ],
    [
      'an unsigned payload',
      (request) => withHeader(request, 'x-amz-content-sha256', () => 'UNSIGNED-PAYLOAD'),
      'SignatureDoesNotMatch',
    ],
    [
      'the session token',
      (request) => withHeader(request, 'x-amz-security-token', (value) => `${value}A`),
      'InvalidClientTokenId',
    ],
    [
      'no session token',
      (request) => ({
        ...request,
        headers: request.headers.filter(([name]) => name !== 'x-amz-security-token'),
      }),
      'InvalidClientTokenId',
    ],
    [
      'an unsigned x-amz header',
      (request) => ({ ...request, headers: [...request.headers, ['x-amz-extra', '1']] }),
      'SignatureDoesNotMatch',
    ],
    [
      'the access key id',
      (request) => authorization(request, /Credential=ASIA./, 'Credential=ASIA0'),
      'InvalidClientTokenId',
    ],
    [
      'the scope’s region',
      (request) => authorization(request, '/us-east-1/', '/eu-west-1/'),
      'SignatureDoesNotMatch',
    ],
    [
      'a region that is not',
      (request) => authorization(request, '/us-east-1/', '/us-moon-1/'),
      'SignatureDoesNotMatch',
    ],
    ['the scope’s service', (request) => authorization(request, '/sts/', '/rds/'), 'SignatureDoesNotMatch'],
    [
      'the scope’s date',
      (request) => authorization(request, '/20261121/', '/20261120/'),
      'SignatureDoesNotMatch',
    ],
    [
      'the terminator',
      (request) => authorization(request, 'aws4_request', 'aws5_request'),
      'SignatureDoesNotMatch',
    ],
    [
      'a scope with a part more',
      (request) => authorization(request, '/aws4_request', '/x/aws4_request'),
      'IncompleteSignature',
    ],
    [
      'the algorithm',
      (request) => authorization(request, 'AWS4-HMAC-SHA256', 'AWS4-HMAC-SHA1'),
      'IncompleteSignature',
    ],
    [
      'a signed header left out',
      (request) => authorization(request, /content-type;/, ''),
      'SignatureDoesNotMatch',
    ],
    ['host not signed', (request) => authorization(request, /;host;/, ';'), 'SignatureDoesNotMatch'],
    [
      'signed headers out of order',
      (request) => authorization(request, /SignedHeaders=([^,]*)/, 'SignedHeaders=x-z;host'),
      'IncompleteSignature',
    ],
    [
      'an empty signature',
      (request) => authorization(request, /Signature=\w+$/, 'Signature='),
      'IncompleteSignature',
    ],
    [
      'half a signature',
      (request) => authorization(request, /(Signature=\w{32})\w+$/, '$1'),
      'SignatureDoesNotMatch',
    ],
    [
      'an upper-case signature',
      (request) => authorization(request, /Signature=(\w+)$/, `Signature=${'A'.repeat(64)}`),
      'SignatureDoesNotMatch',
    ],
    [
      'no Authorization',
      (request) => ({ ...request, headers: request.headers.filter(([name]) => name !== 'authorization') }),
      'MissingAuthenticationToken',
    ],
    ['signed twice over', (request) => ({ ...request, query: 'X-Amz-Signature=00' }), 'IncompleteSignature'],
  ])('is refused with another %s', (_name, change, expected) => {
    expect(code(change(signed))).toBe(expected);
  });

  it('is refused whatever single bit of it, of its body or of a signed header is changed', () => {
    const names = ['authorization', 'host', 'content-type', 'x-amz-date', 'x-amz-security-token'];
    fc.assert(
      fc.property(
        fc.constantFrom(...names, 'body'),
        fc.nat(),
        fc.integer({ min: 0x21, max: 0x7e }),
        (where, at, byte) => {
          const change = (text: string) => {
            const index = at % text.length;
            return `${text.slice(0, index)}${String.fromCharCode(byte)}${text.slice(index + 1)}`;
          };
          const changed =
            where === 'body'
              ? { ...signed, body: Buffer.from(change(signed.body.toString())) }
              : withHeader(signed, where, change);
          const same = JSON.stringify(changed) === JSON.stringify(signed);
          // A space after a comma of the Authorization header says nothing.
          expect(code(changed) === 'accepted').toBe(same);
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('is refused when the secret is another', async () => {
    const wrong = await signedBySdk({ ...temporary, secretAccessKey: 'x'.repeat(40) });
    expect(code(wrong)).toBe('SignatureDoesNotMatch');
    expect(words(wrong)).toMatch(
      /^The request signature we calculated does not match the signature you provided\. Check/,
    );
  });

  it('keeps to 15 minutes either way, in AWS’s words', () => {
    const minutes = (count: number) => ({ now: now + count * 60_000 });
    expect(code(signed, minutes(15))).toBe('accepted');
    expect(code(signed, minutes(-15))).toBe('accepted');
    expect(words(signed, minutes(16))).toBe(
      'Signature expired: 20261121T120000Z is now earlier than 20261121T120100Z (20261121T121600Z - 15 min.)',
    );
    expect(words(signed, minutes(-16))).toBe(
      'Signature not yet current: 20261121T120000Z is still later than 20261121T115900Z (20261121T114400Z + 15 min.)',
    );
  });

  it('says that the keys have expired from the second they do', () => {
    expect(code(signed, { now: temporary.expiresAt - 1, regions: ['us-east-1'] })).toBe(
      'SignatureDoesNotMatch',
    );
    expect(code(signed, { now: temporary.expiresAt })).toBe('ExpiredToken');
    expect(words(signed, { now: temporary.expiresAt })).toBe(
      'The security token included in the request is expired',
    );
  });

  it('says that keys are unknown', () => {
    expect(words(signed, { keys: createKeyStore(() => now) })).toBe(
      'The security token included in the request is invalid.',
    );
  });
});

describe('a signature in the query', () => {
  const forTokens = { service: 'rds-db', regions: ['us-east-1'], now: Date.now() };
  const queryRules = { ...forTokens, keys: createKeyStore(Date.now) };
  const signer = queryRules.keys.issueTemporary(principal, 3600);
  let url: SignedRequest;
  beforeAll(async () => {
    url = await presigned(signer);
  });

  it('is accepted as the SDK makes it', () => {
    expect(code(url, queryRules)).toBe('accepted');
  });

  it('is refused whatever character of it is changed', () => {
    fc.assert(
      fc.property(fc.nat(), fc.constantFrom(...'abcXYZ0189-._~%+&='), (at, character) => {
        const index = at % url.query.length;
        const query = `${url.query.slice(0, index)}${character}${url.query.slice(index + 1)}`;
        const decode = (text: string) => {
          try {
            return decodeURIComponent(text);
          } catch {
            return text;
          }
        };
        const same =
          decode(query) === decode(url.query) && query.split('&').length === url.query.split('&').length;
        expect(code({ ...url, query }, queryRules) === 'accepted').toBe(same);
      }),
      { numRuns: 3000 },
    );
  });

  it.each<[string, (query: string) => string, string]>([
    ['a broken percent-encoding', (query) => query.replace('%', '%G'), 'MalformedQueryString'],
    ['a parameter twice', (query) => `${query}&X-Amz-Expires=900`, 'IncompleteSignature'],
    ['a parameter twice in another case', (query) => `${query}&x-amz-expires=900`, 'IncompleteSignature'],
    ['no expiry', (query) => query.replace(/&?X-Amz-Expires=900/, ''), 'IncompleteSignature'],
    [
      'an expiry of nothing',
      (query) => query.replace('X-Amz-Expires=900', 'X-Amz-Expires=0'),
      'IncompleteSignature',
    ],
    [
      'an expiry over a week',
      (query) => query.replace('X-Amz-Expires=900', 'X-Amz-Expires=604801'),
      'IncompleteSignature',
    ],
    [
      'a longer expiry than signed',
      (query) => query.replace('X-Amz-Expires=900', 'X-Amz-Expires=901'),
      'SignatureDoesNotMatch',
    ],
    ['one more parameter', (query) => `${query}&a=b`, 'SignatureDoesNotMatch'],
    [
      'no session token',
      (query) => query.replace(/&?X-Amz-Security-Token=[^&]*/, ''),
      'InvalidClientTokenId',
    ],
  ])('is refused with %s', (_name, change, expected) => {
    expect(code({ ...url, query: change(url.query) }, queryRules)).toBe(expected);
  });

  it('is refused when it declares a payload that is not the one that came', () => {
    const withDeclared = (declared: string) => {
      const headers = { 'x-amz-content-sha256': declared };
      const parts = { service: 'rds-db', region: 'us-east-1', host: 'db.example', path: '/', query: {} };
      const text = presign({ ...parts, headers, expiresInSeconds: 900, keys: signer, now: Date.now() });
      const sent: [string, string][] = [['host', 'db.example'], ...Object.entries(headers)];
      return {
        method: 'GET',
        path: '/',
        query: text.split('?')[1] ?? '',
        headers: sent,
        body: Buffer.alloc(0),
      };
    };
    expect(code(withDeclared(createHash('sha256').digest('hex')), queryRules)).toBe('accepted');
    expect(code(withDeclared('UNSIGNED-PAYLOAD'), queryRules)).toBe('SignatureDoesNotMatch');
  });

  it('lasts as long as it says, or as the service says', () => {
    const later = (seconds: number) => ({ ...queryRules, now: Date.now() + seconds * 1000 });
    expect(code(url, later(870))).toBe('accepted');
    expect(code(url, later(930))).toBe('SignatureDoesNotMatch');
    const { presignedSeconds: _, ...byItself } = rules;
    const stated = verifySignatureCode(url, { ...byItself, ...later(870) });
    expect(stated).toBe('accepted');
    expect(verifySignatureCode(url, { ...byItself, ...later(930) })).toBe('SignatureDoesNotMatch');
  });
});

function verifySignatureCode(request: SignedRequest, exact: SignatureRules): string {
  try {
    verifySignature(request, exact);
    return 'accepted';
  } catch (error) {
    return (error as AwsFailure).code;
  }
}
