import type { ContextEntries } from '../../../iam/request-context.ts';
import { AwsFailure } from '../aws-failure.ts';
import { currentVersion, type ObjectVersion, type Retention } from './bucket.ts';
import { notFound, requirePermission, type S3Operation, type S3Request } from './s3-request.ts';
import { s3Xml } from './s3-xml.ts';

/** Object Lock. Source: S3 User Guide, "Locking objects with Object Lock"; S3 API Reference, Get/PutObjectRetention. */
export const getObjectRetention: S3Operation = (request) => {
  requirePermission(request, 'GetObjectRetention', 'object');
  const { retention } = findVersion(request);
  if (retention === undefined) {
    throw new AwsFailure(
      'NoSuchObjectLockConfiguration',
      404,
      'The specified object does not have a ObjectLock configuration',
    );
  }
  return s3Xml('Retention', {
    Mode: retention.mode,
    RetainUntilDate: new Date(retention.until).toISOString(),
  });
};

export const putObjectRetention: S3Operation = (request) => {
  const { world, bucket, payload, received } = request;
  const text = payload.body.toString('utf8');
  const wanted = parseRetention(
    /<Mode>([^<]*)<\/Mode>/.exec(text)?.[1],
    /<RetainUntilDate>([^<]*)<\/RetainUntilDate>/.exec(text)?.[1],
    'MalformedXML',
  );
  requirePermission(request, 'PutObjectRetention', 'object', retentionContext(wanted, world.now()));
  const bypass = bypasses(request);
  if (bypass) requirePermission(request, 'BypassGovernanceRetention', 'object');
  if (bucket.objectLock === undefined) {
    throw new AwsFailure('InvalidRequest', 400, 'Bucket is missing Object Lock Configuration');
  }
  const checksummed = received.headers.some(([name]) => /^(content-md5|x-amz-checksum-.+)$/i.test(name));
  if (!checksummed) {
    throw new AwsFailure('InvalidRequest', 400, 'Missing required header for this request: Content-MD5');
  }
  if (wanted !== undefined && wanted.until <= world.now()) {
    throw new AwsFailure('InvalidArgument', 400, 'The retain until date must be in the future!');
  }
  const version = findVersion(request);
  if (isWeaker(version.retention, wanted, bypass, world.now())) throw locked();
  version.retention = wanted;
  return { status: 200 };
};

/** COMPLIANCE only ever gets longer, for whoever asks; GOVERNANCE gives way to the bypass. */
function isWeaker(
  held: Retention | undefined,
  wanted: Retention | undefined,
  bypass: boolean,
  now: number,
): boolean {
  if (held === undefined || held.until <= now) return false;
  if (held.mode === 'GOVERNANCE' && bypass) return false;
  const shorter = wanted === undefined || wanted.until < held.until;
  return shorter || (held.mode === 'COMPLIANCE' && wanted.mode !== 'COMPLIANCE');
}

/** Whether a version may not be deleted now. */
export function isLocked({ retention }: ObjectVersion, bypass: boolean, now: number): boolean {
  if (retention === undefined || retention.until <= now) return false;
  return retention.mode === 'COMPLIANCE' || !bypass;
}

export const bypasses = ({ received }: S3Request): boolean =>
  received.header('x-amz-bypass-governance-retention')?.toLowerCase() === 'true';

export function locked(): AwsFailure {
  return new AwsFailure('AccessDenied', 403, 'Access Denied because object protected by object lock.');
}

/** x-amz-object-lock-mode and -retain-until-date of a PUT, which go together. */
export function readRetentionHeaders({ received }: S3Request): Retention | undefined {
  const mode = received.header('x-amz-object-lock-mode');
  const until = received.header('x-amz-object-lock-retain-until-date');
  if ((mode === undefined) !== (until === undefined)) {
    throw new AwsFailure(
      'InvalidArgument',
      400,
      'x-amz-object-lock-retain-until-date and x-amz-object-lock-mode must both be supplied',
    );
  }
  return parseRetention(mode, until, 'InvalidArgument');
}

function parseRetention(
  mode: string | undefined,
  until: string | undefined,
  code: string,
): Retention | undefined {
  if (mode === undefined && until === undefined) return undefined;
  const time = Date.parse(until ?? '');
  if ((mode !== 'COMPLIANCE' && mode !== 'GOVERNANCE') || Number.isNaN(time)) {
    throw new AwsFailure(
      code,
      400,
      'The XML you provided was not well-formed or did not validate against our published schema',
    );
  }
  return { mode, until: time };
}

export function retentionContext(retention: Retention | undefined, now: number): ContextEntries {
  if (retention === undefined) return {};
  return {
    's3:object-lock-mode': retention.mode,
    's3:object-lock-retain-until-date': new Date(retention.until).toISOString(),
    's3:object-lock-remaining-retention-days': String(Math.ceil((retention.until - now) / 86_400_000)),
  };
}

function findVersion(request: S3Request): ObjectVersion {
  const { bucket, key, query } = request;
  const versionId = query.get('versionId');
  const found =
    versionId === undefined
      ? currentVersion(bucket, key)
      : bucket.objects.get(key)?.find((entry) => entry.versionId === versionId);
  if (found === undefined) throw notFound(request, versionId === undefined ? 'NoSuchKey' : 'NoSuchVersion');
  if (found.deleteMarker) {
    throw new AwsFailure(
      'MethodNotAllowed',
      405,
      'The specified method is not allowed against this resource.',
    );
  }
  return found;
}
