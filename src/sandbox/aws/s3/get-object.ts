import { AwsFailure } from '../aws-failure.ts';
import type { ObjectVersion } from './bucket.ts';
import { checksumHeaders } from './put-object.ts';
import { notFound, requirePermission, type S3Operation, type S3Request } from './s3-request.ts';

/** Source: S3 API Reference, GetObject and HeadObject, which is the same without a body. */
export const getObject: S3Operation = (request) => {
  const { received, query, notes } = request;
  const action = query.has('versionId') ? 'GetObjectVersion' : 'GetObject';
  requirePermission(request, action, 'object');
  const version = findVersion(request);
  const etag = `"${version.etag}"`;
  const ifMatch = received.header('if-match');
  if (ifMatch !== undefined && ifMatch !== '*' && ifMatch !== etag && ifMatch !== version.etag) {
    throw new AwsFailure(
      'PreconditionFailed',
      412,
      'At least one of the pre-conditions you specified did not hold',
      { Condition: 'If-Match' },
    );
  }
  const headers = { ...headersOf(version), etag };
  if (received.header('if-none-match') === etag) return { status: 304, headers };
  const range = readRange(received.header('range'), version.body.length);
  const body = range === undefined ? version.body : version.body.subarray(range.start, range.end + 1);
  notes.additional = { bytesTransferredIn: 0, bytesTransferredOut: body.length, SignatureVersion: 'SigV4' };
  const ranged =
    range === undefined
      ? {}
      : { 'content-range': `bytes ${range.start}-${range.end}/${version.body.length}` };
  const whole = received.header('x-amz-checksum-mode') === 'ENABLED' && range === undefined;
  return {
    status: range === undefined ? 200 : 206,
    headers: {
      ...headers,
      ...ranged,
      ...(whole ? checksumHeaders(version) : {}),
      'content-length': String(body.length),
    },
    body,
  };
};

function findVersion(request: S3Request): ObjectVersion {
  const { bucket, key, query } = request;
  const versions = bucket.objects.get(key) ?? [];
  const versionId = query.get('versionId');
  const found =
    versionId === undefined ? versions[0] : versions.find((entry) => entry.versionId === versionId);
  if (found === undefined) throw notFound(request, versionId === undefined ? 'NoSuchKey' : 'NoSuchVersion');
  if (!found.deleteMarker) return found;
  if (versionId === undefined) throw notFound(request, 'NoSuchKey');
  throw new AwsFailure('MethodNotAllowed', 405, 'The specified method is not allowed against this resource.');
}

function headersOf(version: ObjectVersion): Readonly<Record<string, string>> {
  const { retention } = version;
  return {
    'content-type': version.contentType,
    'last-modified': new Date(version.lastModified).toUTCString(),
    'accept-ranges': 'bytes',
    'x-amz-version-id': version.versionId,
    'x-amz-server-side-encryption': 'AES256',
    ...Object.fromEntries(
      Object.entries(version.metadata).map(([name, value]) => [`x-amz-meta-${name}`, value]),
    ),
    ...(retention === undefined
      ? {}
      : {
          'x-amz-object-lock-mode': retention.mode,
          'x-amz-object-lock-retain-until-date': new Date(retention.until).toISOString(),
        }),
  };
}

/** One range; anything that is none is not heeded, as RFC 9110 wants. Both ends included. */
function readRange(
  text: string | undefined,
  size: number,
): { readonly start: number; readonly end: number } | undefined {
  const [, first = '', last = ''] = /^bytes=(\d*)-(\d*)$/.exec(text ?? '') ?? [];
  if (first === '' && last === '') return undefined;
  const start = first === '' ? Math.max(0, size - Number(last)) : Number(first);
  const end = first === '' || last === '' ? size - 1 : Math.min(Number(last), size - 1);
  if (start > end || start >= size) {
    throw new AwsFailure('InvalidRange', 416, 'The requested range is not satisfiable', {
      RangeRequested: text ?? '',
      ActualObjectSize: String(size),
    });
  }
  return { start, end };
}
