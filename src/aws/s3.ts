import {
  GetObjectCommand,
  GetObjectRetentionCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { ForgeError } from '../errors.ts';
import type { SigningKeys } from '../lib/sigv4.ts';
import { awsErrorName } from './aws-error.ts';
import { type Aws, type AwsCall, callAws } from './clients.ts';
import { incompleteReply } from './incomplete-reply.ts';

/** Where an object is: a bucket of the region, and its key. */
export interface ObjectAddress {
  readonly bucket: string;
  readonly key: string;
}

export interface S3Object {
  readonly key: string;
  readonly bytes: Uint8Array;
  /** Epoch milliseconds, whole seconds: the bucket's clock. */
  readonly lastModified: number;
  /** Undefined in a bucket without versions. */
  readonly versionId: string | undefined;
}

export interface ListedObject {
  readonly key: string;
  readonly lastModified: number;
  /** Bytes. */
  readonly size: number;
}

export interface ListedVersion extends ListedObject {
  readonly versionId: string;
  readonly deleteMarker: boolean;
}

export interface ObjectLock {
  /** `COMPLIANCE` or `GOVERNANCE`. */
  readonly mode: string;
  /** Epoch milliseconds. */
  readonly until: number;
}

/** So often is a write tried that another one to the same key is in the way of: 409 says nothing about who wins. */
const conflictAttempts = 5;

/**
 * Writes an object where none is; false: something is there. IAM action s3:PutObject with s3:if-none-match.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
 */
export async function putOnce(
  aws: Aws,
  region: string,
  keys: SigningKeys,
  { bucket, key, bytes }: ObjectAddress & { readonly bytes: Uint8Array },
): Promise<boolean> {
  const client = s3Client(aws, region, keys);
  const command = new PutObjectCommand({
    Bucket: bucket,
    Key: key,
    Body: bytes,
    IfNoneMatch: '*',
    ChecksumAlgorithm: 'SHA256',
  });
  for (let attempt = 1; ; attempt++) {
    try {
      await callAws(aws, s3Call('PutObject', region, `${bucket}/${key}`), (options) =>
        client.send(command, options),
      );
      return true;
    } catch (error) {
      const name = awsErrorName(error);
      if (name === 'PreconditionFailed') return false;
      if (name !== 'ConditionalRequestConflict' || attempt === conflictAttempts) throw error;
    }
  }
}

/**
 * Whether an object may be written, without writing one: the digest is none of its bytes, and S3 looks at permission
 * first, then at digests, then at conditions. 'written': it is there all the same. Throws what is none of these. IAM
 * action s3:PutObject. https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html
 */
export async function tryToPut(
  aws: Aws,
  region: string,
  keys: SigningKeys,
  { bucket, key, once }: ObjectAddress & { readonly once: boolean },
): Promise<'denied' | 'allowed' | 'written'> {
  const client = s3Client(aws, region, keys);
  const command = new PutObjectCommand({
    Bucket: bucket,
    Key: key,
    Body: new Uint8Array(),
    ChecksumSHA256: Buffer.alloc(32).toString('base64'),
    ...(once ? { IfNoneMatch: '*' } : {}),
  });
  try {
    await callAws(aws, s3Call('PutObject', region, `${bucket}/${key}`), (options) =>
      client.send(command, options),
    );
    return 'written';
  } catch (error) {
    const name = awsErrorName(error) ?? '';
    if (name === 'AccessDenied') return 'denied';
    if (['BadDigest', 'PreconditionFailed', 'ConditionalRequestConflict'].includes(name)) return 'allowed';
    throw error;
  }
}

/**
 * Undefined: there is none. Throws OBJECT_TOO_LARGE, without reading it, for one of more than `limit` bytes: anybody may
 * have put it there. IAM action s3:GetObject, with a version s3:GetObjectVersion.
 */
export async function getObject(
  aws: Aws,
  region: string,
  keys: SigningKeys,
  { bucket, key, versionId, limit }: ObjectAddress & { readonly versionId?: string; readonly limit: number },
): Promise<S3Object | undefined> {
  const client = s3Client(aws, region, keys);
  const command = new GetObjectCommand({ Bucket: bucket, Key: key, VersionId: versionId });
  const call = s3Call('GetObject', region, `${bucket}/${key}`);
  try {
    return await callAws(aws, call, async (options) => {
      const output = await client.send(command, options);
      const { Body: body, ContentLength: length, LastModified: modified } = output;
      if (body === undefined || length === undefined || modified === undefined)
        throw incompleteReply('s3 GetObject', 'object');
      if (length > limit) {
        if ('destroy' in body && typeof body.destroy === 'function') body.destroy();
        throw new ForgeError('failed', `${key} has ${length} bytes; at most ${limit} are read.`, {
          code: 'OBJECT_TOO_LARGE',
        });
      }
      const bytes = await body.transformToByteArray();
      return {
        $metadata: output.$metadata,
        key,
        bytes,
        lastModified: modified.getTime(),
        versionId: output.VersionId,
      };
    });
  } catch (error) {
    if (missing.has(awsErrorName(error) ?? '')) return undefined;
    throw error;
  }
}

/** Objects that are there now, in the order of their keys, page by page. IAM action s3:ListBucket. */
export async function* listObjects(
  aws: Aws,
  region: string,
  keys: SigningKeys,
  { bucket, prefix, startAfter }: { bucket: string; prefix: string; startAfter?: string | undefined },
): AsyncGenerator<readonly ListedObject[], void, undefined> {
  const client = s3Client(aws, region, keys);
  const call = s3Call('ListObjectsV2', region, `${bucket}/${prefix}`, 's3:ListBucket');
  for (let token: string | undefined; ; ) {
    const command = new ListObjectsV2Command({
      Bucket: bucket,
      Prefix: prefix,
      StartAfter: startAfter,
      ContinuationToken: token,
    });
    const page = await callAws(aws, call, (options) => client.send(command, options));
    yield (page.Contents ?? []).flatMap(({ Key: key, LastModified: modified, Size: size }) =>
      key === undefined || modified === undefined
        ? []
        : [{ key, lastModified: modified.getTime(), size: size ?? 0 }],
    );
    if (!page.IsTruncated || !page.NextContinuationToken) return;
    token = page.NextContinuationToken;
  }
}

/**
 * Every version and delete marker, of each key the newest first, page by page. IAM action s3:ListBucketVersions.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectVersions.html
 */
export async function* listVersions(
  aws: Aws,
  region: string,
  keys: SigningKeys,
  { bucket, prefix }: { readonly bucket: string; readonly prefix: string },
): AsyncGenerator<readonly ListedVersion[], void, undefined> {
  const client = s3Client(aws, region, keys);
  const call = s3Call('ListObjectVersions', region, `${bucket}/${prefix}`, 's3:ListBucketVersions');
  for (let marker: { key?: string | undefined; version?: string | undefined } = {}; ; ) {
    const command = new ListObjectVersionsCommand({
      Bucket: bucket,
      Prefix: prefix,
      KeyMarker: marker.key,
      VersionIdMarker: marker.version,
      // A key can hold what XML can't, and would come back as another.
      EncodingType: 'url',
    });
    const page = await callAws(aws, call, (options) => client.send(command, options));
    yield [
      ...(page.Versions ?? []).map((version) => ({ ...version, deleteMarker: false })),
      ...(page.DeleteMarkers ?? []).map((version) => ({ ...version, Size: 0, deleteMarker: true })),
    ].flatMap(({ Key: key, VersionId: versionId, LastModified: modified, Size: size, deleteMarker }) =>
      key === undefined || versionId === undefined || modified === undefined
        ? []
        : [
            {
              key: decodeKey(key),
              versionId,
              lastModified: modified.getTime(),
              size: size ?? 0,
              deleteMarker,
            },
          ],
    );
    if (!page.IsTruncated) return;
    marker = {
      key: page.NextKeyMarker && decodeKey(page.NextKeyMarker),
      version: page.NextVersionIdMarker,
    };
  }
}

const decodeKey = (key: string): string => decodeURIComponent(key.replaceAll('+', ' '));

/** Undefined: it is not locked. IAM action s3:GetObjectRetention. */
export async function getRetention(
  aws: Aws,
  region: string,
  keys: SigningKeys,
  { bucket, key, versionId }: ObjectAddress & { readonly versionId?: string },
): Promise<ObjectLock | undefined> {
  const client = s3Client(aws, region, keys);
  const command = new GetObjectRetentionCommand({ Bucket: bucket, Key: key, VersionId: versionId });
  try {
    const { Retention: retention } = await callAws(
      aws,
      s3Call('GetObjectRetention', region, `${bucket}/${key}`),
      (options) => client.send(command, options),
    );
    const { Mode: mode, RetainUntilDate: until } = retention ?? {};
    return mode === undefined || until === undefined ? undefined : { mode, until: until.getTime() };
  } catch (error) {
    if (awsErrorName(error) === 'NoSuchObjectLockConfiguration') return undefined;
    throw error;
  }
}

const missing = new Set(['NoSuchKey', 'NoSuchVersion', 'NotFound']);

export function s3Call(
  operation: string,
  region: string,
  resource: string,
  action = `s3:${operation}`,
): AwsCall {
  return { service: 's3', operation, region, action, resource };
}

export function s3Client(aws: Aws, region: string, keys: SigningKeys): S3Client {
  const config = aws.clientConfig('s3', region, keys);
  return new S3Client({
    ...config,
    // Names of buckets as hosts are for AWS's own address only.
    forcePathStyle: !/\.(?:amazonaws\.com(?:\.cn)?|api\.aws)$/.test(new URL(config.endpoint).hostname),
    // Each would be looked for in files and the environment.
    requestChecksumCalculation: 'WHEN_SUPPORTED',
    responseChecksumValidation: 'WHEN_SUPPORTED',
    disableMultiregionAccessPoints: true,
    disableS3ExpressSessionAuth: true,
    useArnRegion: false,
  });
}
