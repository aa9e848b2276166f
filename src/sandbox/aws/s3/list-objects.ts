import { AwsFailure } from '../aws-failure.ts';
import type { XmlElements } from '../xml.ts';
import { currentVersion, type ObjectVersion } from './bucket.ts';
import { maxKeys, requirePermission, type S3Operation, type S3Request } from './s3-request.ts';
import { s3Xml } from './s3-xml.ts';

/** Source: S3 API Reference, ListObjectsV2 and ListObjectVersions; keys in the order of their UTF-8 bytes. */
interface Entry {
  readonly key: string;
  readonly version: ObjectVersion;
  readonly latest: boolean;
}

type Listed = { readonly prefix: string } | Entry;

export const listObjectsV2: S3Operation = (request) => {
  const { query, bucket } = request;
  const limit = maxKeys(request);
  requireListing(request, 'ListBucket');
  const token = query.get('continuation-token');
  const after = token === undefined ? query.get('start-after') : fromToken(token);
  const all = keysOf(request).flatMap((key): Entry[] => {
    const version = currentVersion(bucket, key);
    return version === undefined ? [] : [{ key, version, latest: true }];
  });
  const listed = grouped(request, all).filter(
    (entry) => after === undefined || isAfter(nameOf(entry), after),
  );
  const page = listed.slice(0, limit);
  const last = page.at(-1);
  const more = listed.length > page.length && last !== undefined;
  return s3Xml(
    'ListBucketResult',
    {
      ...common(request, limit),
      StartAfter: encoded(request, query.get('start-after')),
      ContinuationToken: token,
      NextContinuationToken: more ? Buffer.from(nameOf(last)).toString('base64url') : undefined,
      KeyCount: page.length,
      IsTruncated: more,
    },
    page.map((entry) =>
      'prefix' in entry ? commonPrefix(request, entry.prefix) : ['Contents', contents(request, entry)],
    ),
  );
};

export const listObjectVersions: S3Operation = (request) => {
  const { query, bucket } = request;
  const limit = maxKeys(request);
  requireListing(request, 'ListBucketVersions');
  const keyMarker = query.get('key-marker');
  const versionMarker = query.get('version-id-marker');
  const all = keysOf(request).flatMap((key) =>
    (bucket.objects.get(key) ?? []).map((version, index): Entry => ({ key, version, latest: index === 0 })),
  );
  const listed = afterMarkers(grouped(request, all), keyMarker, versionMarker);
  const page = listed.slice(0, limit);
  const last = page.at(-1);
  const more = listed.length > page.length && last !== undefined;
  return s3Xml(
    'ListVersionsResult',
    {
      ...common(request, limit),
      KeyMarker: encoded(request, keyMarker ?? ''),
      VersionIdMarker: versionMarker ?? '',
      NextKeyMarker: more ? encoded(request, nameOf(last)) : undefined,
      NextVersionIdMarker: more && 'version' in last ? last.version.versionId : undefined,
      IsTruncated: more,
    },
    page.map((entry) => {
      if ('prefix' in entry) return commonPrefix(request, entry.prefix);
      const facts = { VersionId: entry.version.versionId, IsLatest: entry.latest };
      if (!entry.version.deleteMarker) return ['Version', { ...contents(request, entry), ...facts }];
      const LastModified = new Date(entry.version.lastModified).toISOString();
      return ['DeleteMarker', { Key: encoded(request, entry.key), ...facts, LastModified }];
    }),
  );
};

/** The keys that a policy can go by are those that were said: a listing of everything has no prefix at all. */
function requireListing(request: S3Request, action: string): void {
  const { query } = request;
  requirePermission(request, action, 'bucket', {
    's3:prefix': query.get('prefix'),
    's3:delimiter': query.get('delimiter'),
    's3:max-keys': query.get('max-keys'),
  });
}

function keysOf({ bucket, query }: S3Request): readonly string[] {
  const prefix = query.get('prefix') ?? '';
  return [...bucket.objects.keys()].filter((key) => key.startsWith(prefix)).sort(byBytes);
}

/** What has the delimiter after the prefix becomes one common prefix. */
function grouped({ query }: S3Request, entries: readonly Entry[]): readonly Listed[] {
  const prefix = query.get('prefix') ?? '';
  const delimiter = query.get('delimiter') ?? '';
  if (delimiter === '') return entries;
  const seen = new Set<string>();
  return entries.flatMap((entry): Listed[] => {
    const at = entry.key.indexOf(delimiter, prefix.length);
    if (at < 0) return [entry];
    const common = entry.key.slice(0, at + delimiter.length);
    if (seen.has(common)) return [];
    seen.add(common);
    return [{ prefix: common }];
  });
}

function afterMarkers(
  listed: readonly Listed[],
  keyMarker: string | undefined,
  versionMarker: string | undefined,
): readonly Listed[] {
  if (keyMarker === undefined || keyMarker === '') {
    if (versionMarker === undefined || versionMarker === '') return listed;
    throw new AwsFailure(
      'InvalidArgument',
      400,
      'A version-id marker cannot be specified without a key marker.',
    );
  }
  const at = listed.findIndex(
    (entry) => 'version' in entry && entry.key === keyMarker && entry.version.versionId === versionMarker,
  );
  if (at >= 0) return listed.slice(at + 1);
  return listed.filter((entry) => isAfter(nameOf(entry), keyMarker));
}

const nameOf = (entry: Listed): string => ('prefix' in entry ? entry.prefix : entry.key);

function common(request: S3Request, limit: number): XmlElements {
  const { bucket, query } = request;
  return {
    Name: bucket.name,
    Prefix: encoded(request, query.get('prefix') ?? ''),
    Delimiter: encoded(request, query.get('delimiter')),
    MaxKeys: limit,
    EncodingType: query.get('encoding-type'),
  };
}

function contents(request: S3Request, { key, version }: Entry): XmlElements {
  const [algorithm] = Object.keys(version.checksums);
  return {
    Key: encoded(request, key),
    LastModified: new Date(version.lastModified).toISOString(),
    ETag: `"${version.etag}"`,
    Size: version.body.length,
    StorageClass: 'STANDARD',
    ...(algorithm === undefined
      ? {}
      : { ChecksumAlgorithm: algorithm.toUpperCase(), ChecksumType: 'FULL_OBJECT' }),
  };
}

function commonPrefix(request: S3Request, prefix: string): readonly [string, XmlElements] {
  return ['CommonPrefixes', { Prefix: encoded(request, prefix) }];
}

function encoded({ query }: S3Request, text: string | undefined): string | undefined {
  if (text === undefined || query.get('encoding-type') !== 'url') return text;
  return encodeURIComponent(text).replaceAll('%2F', '/');
}

function fromToken(token: string): string {
  const text = Buffer.from(token, 'base64url').toString('utf8');
  if (text === '' || Buffer.from(text).toString('base64url') !== token) {
    throw new AwsFailure('InvalidArgument', 400, 'The continuation token provided is incorrect');
  }
  return text;
}

/** UTF-16 units sort as UTF-8 bytes do, but for what lies beyond 16 bits. */
function byBytes(a: string, b: string): number {
  if (beyond.test(a) || beyond.test(b)) return Buffer.compare(Buffer.from(a), Buffer.from(b));
  return a < b ? -1 : a > b ? 1 : 0;
}

const beyond = /[\ud800-\udfff]/;

function isAfter(name: string, marker: string): boolean {
  return byBytes(name, marker) > 0;
}
