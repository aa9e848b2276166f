import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { KeyStore } from '../issued-keys.ts';
import type { IssuedKeys } from '../principal.ts';
import { AwsFailure } from './aws-failure.ts';
import { canonicalObjectPath, canonicalRequest, type QueryPair } from './canonical-request.ts';
import type { SignedRequest } from './signed-request.ts';
import { parseSignature, type StatedSignature } from './stated-signature.ts';

/**
 * Signature Version 4, the server's side: recomputed from what arrived, never from what the client meant.
 * Source: IAM User Guide, "Signing AWS API requests"; the sentences are those AWS answers with.
 * Shares no code with forge's own signer, so that neither hides the other's mistake.
 */
export interface SignatureRules {
  readonly keys: KeyStore;
  readonly now: number;
  /** The name the credential scope must have: sts, rds, rds-db. */
  readonly service: string;
  readonly regions: readonly string[];
  /**
   * For the query form: how long from its date a URL is good whatever X-Amz-Expires says (STS takes 15 minutes),
   * or undefined: as long as X-Amz-Expires says.
   */
  readonly presignedSeconds?: number;
  /** S3's own ways: paths are encoded once, and the payload may be unsigned or signed chunk by chunk. */
  readonly payloadHash?: (request: SignedRequest) => string;
}

export interface VerifiedSignature {
  readonly keys: IssuedKeys;
  readonly region: string;
  readonly form: 'header' | 'query';
  readonly signedHeaders: readonly string[];
  /** What signatures of chunks go on from. */
  readonly chain: SignatureChain;
}

export interface SignatureChain {
  readonly signingKey: Buffer;
  readonly timestamp: string;
  readonly credentialScope: string;
  /** Hex. */
  readonly signature: string;
}

/** How far clocks may be apart. */
export const clockToleranceMs = 15 * 60_000;

/** Throws AwsFailure with AWS's code for what is wrong. */
export function verifySignature(request: SignedRequest, rules: SignatureRules): VerifiedSignature {
  const stated = parseSignature(request);
  checkScope(stated, rules);
  const keys = findKeys(stated, rules);
  checkClock(stated, rules);
  checkSignedHeaders(request, stated);
  const chain = signatureOf(request, stated, keys.secretAccessKey, rules);
  const expected = Buffer.from(chain.signature);
  const given = Buffer.from(stated.signature);
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) throw signatureMismatch();
  rules.keys.noteUse(keys.accessKeyId, {
    at: rules.now,
    service: rules.service,
    region: stated.scope.region,
  });
  return {
    keys,
    region: stated.scope.region,
    form: stated.form,
    signedHeaders: stated.signedHeaders,
    chain,
  };
}

function checkScope({ scope, timestamp }: StatedSignature, { service, regions }: SignatureRules): void {
  const wrong: string[] = [];
  if (!regions.includes(scope.region)) wrong.push('Credential should be scoped to a valid region.');
  if (scope.service !== service) wrong.push(`Credential should be scoped to correct service: '${service}'.`);
  if (scope.terminator !== 'aws4_request') {
    wrong.push(
      `Credential should be scoped with a valid terminator: 'aws4_request', not '${scope.terminator}'.`,
    );
  }
  if (scope.date !== timestamp.slice(0, 8)) {
    wrong.push(
      `Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '${scope.date}' != '${timestamp.slice(0, 8)}', from '${timestamp}'.`,
    );
  }
  if (wrong.length > 0) throw new AwsFailure('SignatureDoesNotMatch', 403, wrong.join(' '));
}

function findKeys(stated: StatedSignature, { keys, now }: SignatureRules): IssuedKeys {
  const found = keys.find(stated.accessKeyId);
  if (!found || found.sessionToken !== stated.sessionToken || !keys.works(found.accessKeyId)) {
    throw new AwsFailure(
      'InvalidClientTokenId',
      403,
      'The security token included in the request is invalid.',
    );
  }
  if (found.expiresAt !== undefined && found.expiresAt <= now) {
    throw new AwsFailure('ExpiredToken', 403, 'The security token included in the request is expired');
  }
  return found;
}

function checkClock(stated: StatedSignature, { now, presignedSeconds }: SignatureRules): void {
  const { signedAt, timestamp } = stated;
  const server = basicTime(now);
  const expired = (limit: number, note: string) =>
    new AwsFailure(
      'SignatureDoesNotMatch',
      403,
      `Signature expired: ${timestamp} is now earlier than ${basicTime(limit)} (${note})`,
    );
  if (signedAt > now + clockToleranceMs) {
    throw new AwsFailure(
      'SignatureDoesNotMatch',
      403,
      `Signature not yet current: ${timestamp} is still later than ${basicTime(now + clockToleranceMs)} (${server} + 15 min.)`,
    );
  }
  const validForMs =
    stated.form === 'query' ? (presignedSeconds ?? stated.expiresSeconds ?? 0) * 1000 : clockToleranceMs;
  if (signedAt + validForMs < now) throw expired(now - validForMs, `${server} - ${validForMs / 60_000} min.`);
}

/** Host decides who is meant and x-amz-* what: unsigned, anybody on the way could change them. */
function checkSignedHeaders(request: SignedRequest, { signedHeaders }: StatedSignature): void {
  const present = new Set(request.headers.map(([name]) => name.toLowerCase()));
  const unsigned = [...present].filter((name) => name.startsWith('x-amz-') && !signedHeaders.includes(name));
  const absent = signedHeaders.filter((name) => !present.has(name));
  if (!signedHeaders.includes('host')) {
    throw new AwsFailure(
      'SignatureDoesNotMatch',
      403,
      "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.",
    );
  }
  if (unsigned.length > 0) {
    throw new AwsFailure(
      'SignatureDoesNotMatch',
      403,
      `There were headers present in the request which were not signed: ${unsigned.join(', ')}`,
    );
  }
  if (absent.length > 0) throw signatureMismatch();
}

function signatureOf(
  request: SignedRequest,
  stated: StatedSignature,
  secret: string,
  rules: SignatureRules,
): SignatureChain {
  const { scope, timestamp } = stated;
  const payloadHash = (rules.payloadHash ?? hashOfPayload)(request);
  const isSignature = ([name]: QueryPair) => stated.form === 'query' && name === 'X-Amz-Signature';
  const pathOf = rules.payloadHash && canonicalObjectPath;
  const canonical = canonicalRequest(request, stated.signedHeaders, payloadHash, isSignature, pathOf);
  const credentialScope = `${scope.date}/${scope.region}/${scope.service}/${scope.terminator}`;
  const toSign = `AWS4-HMAC-SHA256\n${timestamp}\n${credentialScope}\n${sha256(canonical)}`;
  let signingKey: Buffer = Buffer.from(`AWS4${secret}`);
  for (const part of [scope.date, scope.region, scope.service, scope.terminator]) {
    signingKey = createHmac('sha256', signingKey).update(part).digest();
  }
  const signature = createHmac('sha256', signingKey).update(toSign).digest('hex');
  return { signingKey, timestamp, credentialScope, signature };
}

function hashOfPayload(request: SignedRequest): string {
  const payloadHash = sha256(request.body);
  const declared = request.headers.find(([name]) => name.toLowerCase() === 'x-amz-content-sha256')?.[1];
  // UNSIGNED-PAYLOAD is S3's alone.
  if (declared !== undefined && declared !== payloadHash) throw signatureMismatch();
  return payloadHash;
}

function signatureMismatch(): AwsFailure {
  return new AwsFailure(
    'SignatureDoesNotMatch',
    403,
    'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.',
  );
}

function sha256(data: string | Buffer): string {
  return createHash('sha256').update(data).digest('hex');
}

/** `20261120T120000Z`. */
function basicTime(epochMilliseconds: number): string {
  return new Date(epochMilliseconds).toISOString().replace(/[-:]|\.\d{3}/g, '');
}
