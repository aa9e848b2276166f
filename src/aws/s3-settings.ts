import {
  GetBucketVersioningCommand,
  GetObjectLockConfigurationCommand,
  GetPublicAccessBlockCommand,
} from '@aws-sdk/client-s3';
import type { SigningKeys } from '../lib/sigv4.ts';
import { awsErrorName } from './aws-error.ts';
import { type Aws, callAws } from './clients.ts';
import { s3Call, s3Client } from './s3.ts';

/** What a bucket does to each object that is written without saying otherwise. */
export interface DefaultLock {
  /** `COMPLIANCE` or `GOVERNANCE`. */
  readonly mode: string;
  readonly days: number;
}

/**
 * Undefined: the bucket has no Object Lock, or locks nothing by itself. IAM action s3:GetBucketObjectLockConfiguration.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectLockConfiguration.html
 */
export async function getDefaultLock(
  aws: Aws,
  region: string,
  keys: SigningKeys,
  bucket: string,
): Promise<DefaultLock | undefined> {
  const client = s3Client(aws, region, keys);
  const command = new GetObjectLockConfigurationCommand({ Bucket: bucket });
  const call = s3Call('GetObjectLockConfiguration', region, bucket, 's3:GetBucketObjectLockConfiguration');
  try {
    const output = await callAws(aws, call, (options) => client.send(command, options));
    const {
      Mode: mode,
      Days: days,
      Years: years,
    } = output.ObjectLockConfiguration?.Rule?.DefaultRetention ?? {};
    return mode === undefined ? undefined : { mode, days: days ?? (years ?? 0) * 365 };
  } catch (error) {
    if (awsErrorName(error) === 'ObjectLockConfigurationNotFoundError') return undefined;
    throw error;
  }
}

/** Whether what is written over or deleted stays. IAM action s3:GetBucketVersioning. */
export async function keepsVersions(
  aws: Aws,
  region: string,
  keys: SigningKeys,
  bucket: string,
): Promise<boolean> {
  const client = s3Client(aws, region, keys);
  const command = new GetBucketVersioningCommand({ Bucket: bucket });
  const { Status: status } = await callAws(aws, s3Call('GetBucketVersioning', region, bucket), (options) =>
    client.send(command, options),
  );
  return status === 'Enabled';
}

/** Whether no policy and no list can open the bucket to everybody. IAM action s3:GetBucketPublicAccessBlock. */
export async function refusesThePublic(
  aws: Aws,
  region: string,
  keys: SigningKeys,
  bucket: string,
): Promise<boolean> {
  const client = s3Client(aws, region, keys);
  const command = new GetPublicAccessBlockCommand({ Bucket: bucket });
  const call = s3Call('GetPublicAccessBlock', region, bucket, 's3:GetBucketPublicAccessBlock');
  try {
    const output = await callAws(aws, call, (options) => client.send(command, options));
    const { BlockPublicAcls, BlockPublicPolicy, IgnorePublicAcls, RestrictPublicBuckets } =
      output.PublicAccessBlockConfiguration ?? {};
    return [BlockPublicAcls, BlockPublicPolicy, IgnorePublicAcls, RestrictPublicBuckets].every(
      (on) => on === true,
    );
  } catch (error) {
    if (awsErrorName(error) === 'NoSuchPublicAccessBlockConfiguration') return false;
    throw error;
  }
}
