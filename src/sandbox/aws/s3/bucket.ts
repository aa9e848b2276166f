import { createHash, randomBytes } from 'node:crypto';
import type { PolicyDocument } from '../../../iam/policy.ts';

/** A bucket and all that is in it. Versioning is on in every bucket here: nothing is written over. */
export interface Bucket {
  readonly name: string;
  readonly account: string;
  readonly region: string;
  readonly policy: PolicyDocument | undefined;
  /** Object Lock with its default retention; undefined: no Object Lock. */
  readonly objectLock: { readonly mode: 'COMPLIANCE'; readonly days: number } | undefined;
  /** By key; newest first, as S3 lists them. */
  readonly objects: Map<string, ObjectVersion[]>;
}

export interface ObjectVersion {
  readonly versionId: string;
  /** A delete marker has neither body nor retention. */
  readonly deleteMarker: boolean;
  readonly body: Buffer;
  /** MD5 in hex; quoted only on the wire. */
  readonly etag: string;
  /** Epoch milliseconds of AWS's clock. */
  readonly lastModified: number;
  /** When it was complete, performance.now(): who began before that raced with it. */
  readonly writtenAt: number;
  readonly contentType: string;
  /** x-amz-meta-*, without the prefix. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Name without x-amz-checksum- → base64. */
  readonly checksums: Readonly<Record<string, string>>;
  retention: Retention | undefined;
}

export interface Retention {
  readonly mode: 'COMPLIANCE' | 'GOVERNANCE';
  /** Epoch milliseconds. */
  readonly until: number;
}

export const emptyBucket = (facts: Omit<Bucket, 'objects'>): Bucket => ({ ...facts, objects: new Map() });

export const bucketArn = ({ name }: Pick<Bucket, 'name'>): string => `arn:aws:s3:::${name}`;

/** What a GET without a version means: undefined when there is nothing, or a delete marker is on top. */
export function currentVersion(bucket: Bucket, key: string): ObjectVersion | undefined {
  const [newest] = bucket.objects.get(key) ?? [];
  return newest?.deleteMarker ? undefined : newest;
}

export function addVersion(
  bucket: Bucket,
  key: string,
  facts: Pick<ObjectVersion, 'lastModified'> & Partial<ObjectVersion>,
): ObjectVersion {
  const body = facts.body ?? Buffer.alloc(0);
  const version: ObjectVersion = {
    versionId: randomBytes(24).toString('base64url'),
    deleteMarker: false,
    body,
    etag: createHash('md5').update(body).digest('hex'),
    writtenAt: performance.now(),
    contentType: 'binary/octet-stream',
    metadata: {},
    checksums: {},
    retention: undefined,
    ...facts,
  };
  bucket.objects.set(key, [version, ...(bucket.objects.get(key) ?? [])]);
  return version;
}
