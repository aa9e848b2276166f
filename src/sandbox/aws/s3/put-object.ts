import { createHash } from 'node:crypto';
import { AwsFailure } from '../aws-failure.ts';
import { addVersion, currentVersion, type ObjectVersion, type Retention } from './bucket.ts';
import { checksumAlgorithms } from './checksums.ts';
import { readRetentionHeaders, retentionContext } from './retention.ts';
import { requirePermission, type S3Operation, type S3Request } from './s3-request.ts';

/** Source: S3 API Reference, PutObject; S3 User Guide, "How to prevent object overwrites with conditional writes". */
export const putObject: S3Operation = (request) => {
  const { world, received, bucket, key, payload, notes } = request;
  const ifNoneMatch = received.header('if-none-match');
  const asked = readRetentionHeaders(request);
  if (Buffer.byteLength(key) > 1024) throw new AwsFailure('KeyTooLongError', 400, 'Your key is too long');
  if (received.header('x-amz-copy-source') !== undefined) throw notImplemented();
  const context = { 's3:if-none-match': ifNoneMatch, ...retentionContext(asked, world.now()) };
  requirePermission(request, 'PutObject', 'object', context);
  if (asked !== undefined) requirePermission(request, 'PutObjectRetention', 'object', context);
  if (received.header('if-match') !== undefined) throw notImplemented();
  const checksums = verifyChecksums(request);
  checkLockParameters(request, asked, checksums);
  const current = currentVersion(bucket, key);
  if (ifNoneMatch !== undefined) checkAbsent(request, ifNoneMatch, current);
  const lock = bucket.objectLock;
  const byDefault: Retention | undefined = lock && {
    mode: lock.mode,
    until: world.now() + lock.days * 86_400_000,
  };
  const version = addVersion(bucket, key, {
    body: payload.body,
    lastModified: Math.floor(world.now() / 1000) * 1000,
    contentType: received.header('content-type') ?? 'binary/octet-stream',
    metadata: metadataOf(request),
    checksums,
    retention: asked ?? byDefault,
  });
  notes.response = { 'x-amz-version-id': version.versionId, 'x-amz-server-side-encryption': 'AES256' };
  notes.additional = {
    bytesTransferredIn: payload.body.length,
    bytesTransferredOut: 0,
    SignatureVersion: 'SigV4',
    etag: version.etag,
  };
  return {
    status: 200,
    headers: {
      etag: `"${version.etag}"`,
      'x-amz-version-id': version.versionId,
      'x-amz-server-side-encryption': 'AES256',
      ...checksumHeaders(version),
    },
  };
};

/** `*` is all that S3 knows for writes. Who began before the other was done has raced, and may try again. */
function checkAbsent({ received }: S3Request, ifNoneMatch: string, current: ObjectVersion | undefined): void {
  if (ifNoneMatch !== '*') throw notImplemented();
  if (current === undefined) return;
  if (current.writtenAt > received.arrivedAt) {
    throw new AwsFailure(
      'ConditionalRequestConflict',
      409,
      'The conditional request cannot succeed due to a conflicting operation against this resource.',
      { Condition: 'If-None-Match' },
    );
  }
  throw new AwsFailure(
    'PreconditionFailed',
    412,
    'At least one of the pre-conditions you specified did not hold',
    { Condition: 'If-None-Match' },
  );
}

/** All that were sent must hold: Content-MD5, headers and trailers. */
function verifyChecksums({ received, payload }: S3Request): Readonly<Record<string, string>> {
  const md5 = received.header('content-md5');
  if (md5 !== undefined) {
    if (!/^[A-Za-z0-9+/]{22}==$/.test(md5)) {
      throw new AwsFailure('InvalidDigest', 400, 'The Content-MD5 you specified was invalid.');
    }
    if (md5 !== createHash('md5').update(payload.body).digest('base64')) throw badDigest('Content-MD5');
  }
  const found: [string, string][] = [];
  for (const [name, compute] of Object.entries(checksumAlgorithms)) {
    const header = `x-amz-checksum-${name}`;
    const sent = received.header(header) ?? payload.trailers.get(header);
    if (sent === undefined) continue;
    if (Buffer.from(sent, 'base64').length !== compute(Buffer.alloc(0)).length) {
      throw new AwsFailure('InvalidRequest', 400, `Value for ${header} header is invalid.`);
    }
    if (sent !== compute(payload.body).toString('base64')) throw badDigest(name.toUpperCase());
    found.push([name, sent]);
  }
  if (found.length > 1) {
    throw new AwsFailure(
      'InvalidRequest',
      400,
      'Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.',
    );
  }
  const announced = received.header('x-amz-sdk-checksum-algorithm');
  if (announced !== undefined && found[0]?.[0] !== announced.toLowerCase() && md5 === undefined) {
    throw new AwsFailure(
      'InvalidRequest',
      400,
      'x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer headers were found.',
    );
  }
  return Object.fromEntries(found);
}

function checkLockParameters(
  { bucket, received, world }: S3Request,
  asked: Retention | undefined,
  checksums: Readonly<Record<string, string>>,
): void {
  const locked = bucket.objectLock !== undefined;
  if (asked !== undefined && !locked) {
    throw new AwsFailure('InvalidRequest', 400, 'Bucket is missing Object Lock Configuration');
  }
  if (asked !== undefined && asked.until <= world.now()) {
    throw new AwsFailure('InvalidArgument', 400, 'The retain until date must be in the future!');
  }
  if (locked && received.header('content-md5') === undefined && Object.keys(checksums).length === 0) {
    throw new AwsFailure(
      'InvalidRequest',
      400,
      'Content-MD5 OR x-amz-checksum- HTTP header is required for Put Object requests with Object Lock parameters',
    );
  }
}

function metadataOf({ received }: S3Request): Readonly<Record<string, string>> {
  const prefix = 'x-amz-meta-';
  return Object.fromEntries(
    received.headers
      .map(([name, value]) => [name.toLowerCase(), value] as const)
      .filter(([name]) => name.startsWith(prefix))
      .map(([name, value]) => [name.slice(prefix.length), value]),
  );
}

export function checksumHeaders({ checksums }: ObjectVersion): Readonly<Record<string, string>> {
  const entries = Object.entries(checksums).map(([name, value]) => [`x-amz-checksum-${name}`, value]);
  return entries.length === 0 ? {} : Object.fromEntries([...entries, ['x-amz-checksum-type', 'FULL_OBJECT']]);
}

function badDigest(name: string): AwsFailure {
  return new AwsFailure('BadDigest', 400, `The ${name} you specified did not match the calculated checksum.`);
}

function notImplemented(): AwsFailure {
  return new AwsFailure(
    'NotImplemented',
    501,
    'A header you provided implies functionality that is not implemented',
  );
}
