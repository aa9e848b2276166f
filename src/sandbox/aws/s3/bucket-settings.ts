import { AwsFailure } from '../aws-failure.ts';
import { requirePermission, type S3Operation } from './s3-request.ts';
import { s3Xml } from './s3-xml.ts';

/** What a bucket is set to. Source: S3 API Reference. */
export const headBucket: S3Operation = (request) => {
  requirePermission(request, 'ListBucket', 'bucket');
  return { status: 200, headers: { 'x-amz-bucket-region': request.bucket.region } };
};

export const getBucketVersioning: S3Operation = (request) => {
  requirePermission(request, 'GetBucketVersioning', 'bucket');
  return s3Xml('VersioningConfiguration', { Status: 'Enabled' });
};

export const getObjectLockConfiguration: S3Operation = (request) => {
  requirePermission(request, 'GetBucketObjectLockConfiguration', 'bucket');
  const lock = request.bucket.objectLock;
  if (lock === undefined) {
    throw new AwsFailure(
      'ObjectLockConfigurationNotFoundError',
      404,
      'Object Lock configuration does not exist for this bucket',
    );
  }
  return s3Xml('ObjectLockConfiguration', {
    ObjectLockEnabled: 'Enabled',
    Rule: { DefaultRetention: { Mode: lock.mode, Days: lock.days } },
  });
};

/** On in every bucket here, as S3 makes new ones. */
export const getPublicAccessBlock: S3Operation = (request) => {
  requirePermission(request, 'GetBucketPublicAccessBlock', 'bucket');
  const on = 'true';
  return s3Xml('PublicAccessBlockConfiguration', {
    BlockPublicAcls: on,
    IgnorePublicAcls: on,
    BlockPublicPolicy: on,
    RestrictPublicBuckets: on,
  });
};

export const getBucketPolicy: S3Operation = (request) => {
  requirePermission(request, 'GetBucketPolicy', 'bucket');
  const { policy } = request.bucket;
  if (policy === undefined) {
    throw new AwsFailure('NoSuchBucketPolicy', 404, 'The bucket policy does not exist');
  }
  return { status: 200, headers: { 'content-type': 'application/json' }, body: JSON.stringify(policy) };
};

/** Who may not change it hears so as from AWS; who may, that here nothing can be changed. */
export const fixedSetting =
  (action: string, on: 'bucket' | 'object' = 'bucket'): S3Operation =>
  (request) => {
    requirePermission(request, action, on);
    throw new AwsFailure('NotImplemented', 501, 'Buckets of the sandbox are set for good');
  };
