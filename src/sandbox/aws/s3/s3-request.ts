import type { AuthorizationContext } from '../../authorize.ts';
import type { IssuedKeys } from '../../principal.ts';
import type { World } from '../../world.ts';
import { AwsFailure } from '../aws-failure.ts';
import type { Received, Reply } from '../exchange.ts';
import type { CallNotes } from '../record-call.ts';
import { type Bucket, bucketArn } from './bucket.ts';
import type { Payload } from './payload.ts';

/** A signed call to S3, its payload out of its chunks. */
export interface S3Request {
  readonly world: World;
  readonly received: Received;
  readonly caller: IssuedKeys;
  readonly region: string;
  readonly bucket: Bucket;
  /** Empty for what is about the bucket. */
  readonly key: string;
  readonly query: ReadonlyMap<string, string>;
  readonly payload: Payload;
  readonly notes: CallNotes;
}

export type S3Operation = (request: S3Request) => Reply;

export const objectArn = (bucket: Bucket, key: string): string => `${bucketArn(bucket)}/${key}`;

/** IAM and the bucket's policy on an action, on the object of the request or on its bucket. */
export function mayI(
  request: S3Request,
  action: string,
  on: 'object' | 'bucket',
  context: AuthorizationContext = {},
): string | undefined {
  const { world, caller, bucket, key, region, received, query } = request;
  const resource = on === 'object' ? objectArn(bucket, key) : bucketArn(bucket);
  const ownership = { owner: bucket.account, policy: bucket.policy };
  const decision = world.authorizeOnResource(caller, `s3:${action}`, resource, ownership, {
    'aws:RequestedRegion': region,
    's3:ResourceAccount': bucket.account,
    's3:authType': received.header('authorization') === undefined ? 'REST-QUERY-STRING' : 'REST-HEADER',
    's3:signatureversion': 'AWS4-HMAC-SHA256',
    's3:x-amz-content-sha256': received.header('x-amz-content-sha256'),
    's3:versionid': query.get('versionId'),
    ...context,
  });
  if (decision.allowed) return undefined;
  return `User: ${caller.principal.arn} is not authorized to perform: s3:${action} on resource: "${resource}" ${decision.because}`;
}

export function requirePermission(
  request: S3Request,
  action: string,
  on: 'object' | 'bucket',
  context: AuthorizationContext = {},
): void {
  const refusal = mayI(request, action, on, context);
  if (refusal !== undefined) throw new AwsFailure('AccessDenied', 403, refusal);
}

/** Whether something exists is said only to who may list; all others hear the same refusal for both. */
export function notFound(request: S3Request, code: 'NoSuchKey' | 'NoSuchVersion'): AwsFailure {
  const refusal = mayI(request, 'ListBucket', 'bucket');
  if (refusal !== undefined) return new AwsFailure('AccessDenied', 403, refusal);
  const message =
    code === 'NoSuchKey' ? 'The specified key does not exist.' : 'The specified version does not exist.';
  return new AwsFailure(code, 404, message, { Key: request.key });
}

/** 1 to 1000, and never more than a thousand whatever is asked. */
export function maxKeys({ query }: S3Request): number {
  const text = query.get('max-keys') ?? '1000';
  if (!/^\d{1,10}$/.test(text)) {
    throw new AwsFailure('InvalidArgument', 400, 'Provided max-keys not an integer or within integer range', {
      ArgumentName: 'max-keys',
      ArgumentValue: text,
    });
  }
  return Math.min(Number(text), 1000);
}
