import type { EventParameters } from '../../event-log.ts';
import type { World } from '../../world.ts';
import { AwsFailure } from '../aws-failure.ts';
import { parseQuery } from '../canonical-request.ts';
import type { Call, Received, Reply } from '../exchange.ts';
import { regions } from '../query-api.ts';
import { type CallNotes, recordCall } from '../record-call.ts';
import { type VerifiedSignature, verifySignature } from '../verify-signature.ts';
import type { Bucket } from './bucket.ts';
import { bucketArn } from './bucket.ts';
import {
  fixedSetting,
  getBucketPolicy,
  getBucketVersioning,
  getObjectLockConfiguration,
  getPublicAccessBlock,
  headBucket,
} from './bucket-settings.ts';
import { deleteObject } from './delete-object.ts';
import { getObject } from './get-object.ts';
import { listObjectsV2, listObjectVersions } from './list-objects.ts';
import { payloadHash, readPayload } from './payload.ts';
import { putObject } from './put-object.ts';
import { getObjectRetention, putObjectRetention } from './retention.ts';
import { objectArn, type S3Operation } from './s3-request.ts';
import { s3Error } from './s3-xml.ts';

/** S3 by path: `/<bucket>/<key>`, the operation in the method and in one word of the query. Source: S3 API Reference. */
type Route = readonly [name: string, operation: S3Operation];

const objectRoutes: Readonly<Record<string, Route>> = {
  'PUT ': ['PutObject', putObject],
  'GET ': ['GetObject', getObject],
  'HEAD ': ['HeadObject', getObject],
  'DELETE ': ['DeleteObject', deleteObject],
  'GET retention': ['GetObjectRetention', getObjectRetention],
  'PUT retention': ['PutObjectRetention', putObjectRetention],
  'PUT legal-hold': ['PutObjectLegalHold', fixedSetting('PutObjectLegalHold', 'object')],
};

const bucketRoutes: Readonly<Record<string, Route>> = {
  'HEAD ': ['HeadBucket', headBucket],
  'GET list-type': ['ListObjects', listObjectsV2],
  'GET versions': ['ListObjectVersions', listObjectVersions],
  'GET versioning': ['GetBucketVersioning', getBucketVersioning],
  'GET object-lock': ['GetObjectLockConfiguration', getObjectLockConfiguration],
  'GET publicAccessBlock': ['GetPublicAccessBlock', getPublicAccessBlock],
  'PUT publicAccessBlock': ['PutPublicAccessBlock', fixedSetting('PutBucketPublicAccessBlock')],
  'DELETE publicAccessBlock': ['DeletePublicAccessBlock', fixedSetting('PutBucketPublicAccessBlock')],
  'GET policy': ['GetBucketPolicy', getBucketPolicy],
  'PUT policy': ['PutBucketPolicy', fixedSetting('PutBucketPolicy')],
  'DELETE policy': ['DeleteBucketPolicy', fixedSetting('DeleteBucketPolicy')],
  'PUT versioning': ['PutBucketVersioning', fixedSetting('PutBucketVersioning')],
  'PUT object-lock': ['PutObjectLockConfiguration', fixedSetting('PutBucketObjectLockConfiguration')],
  'PUT lifecycle': ['PutBucketLifecycleConfiguration', fixedSetting('PutLifecycleConfiguration')],
  'DELETE ': ['DeleteBucket', fixedSetting('DeleteBucket')],
};

/** Words of a query that choose an operation; those that are nobody's here must not pass for a plain GET or PUT. */
const subresources =
  /^(retention|list-type|versions|versioning|object-lock|policy|acl|tagging|legal-hold|uploads|uploadId|partNumber|delete|torrent|restore|select|attributes|cors|lifecycle|location|logging|notification|replication|encryption|website|requestPayment|publicAccessBlock|ownershipControls|policyStatus|accelerate|analytics|inventory|metrics|intelligent-tiering|session)$/;

export function findS3Call(world: World, request: Received): Call | undefined {
  const signedForS3 =
    /\/s3\/aws4_request/.test(request.header('authorization') ?? '') ||
    /X-Amz-Credential=[^&]*%2Fs3%2Faws4_request/.test(request.query);
  const [, bucketName = '', rawKey = ''] = /^\/([^/]+)(?:\/(.*))?$/s.exec(request.path) ?? [];
  const known = world.organisation.buckets.some(({ name }) => name === bucketName);
  if (!signedForS3 && !known) return undefined;
  const key = decodeKey(rawKey);
  const query = new Map(parseQuery(request.query));
  const word = [...query.keys()].find((name) => subresources.test(name)) ?? '';
  const routes = key === '' ? bucketRoutes : objectRoutes;
  const route = routes[`${request.method} ${word}`];
  const operation = route?.[0] ?? 'none';
  return {
    service: 's3',
    operation,
    run: () => run({ world, request, bucketName, key, query }, operation, route?.[1]),
    failed: (code, status, message, details = {}) =>
      s3Error(status, { Code: code, Message: message }, details, request.requestId),
  };
}

interface Addressed {
  readonly world: World;
  readonly request: Received;
  readonly bucketName: string;
  readonly key: string;
  readonly query: ReadonlyMap<string, string>;
}

function run(at: Addressed, operation: string, handler: S3Operation | undefined): Reply {
  const { world, request, bucketName, key, query } = at;
  const reply = recordCall(world, { service: 's3', operation, request }, (notes) => {
    const bucket = world.organisation.buckets.find(({ name }) => name === bucketName);
    note(notes, at, bucket);
    const signature = verify(world, request);
    notes.caller = signature.keys;
    notes.region = signature.region;
    const payload = readPayload(request, signature.chain);
    if (bucket === undefined) {
      throw new AwsFailure('NoSuchBucket', 404, 'The specified bucket does not exist', {
        BucketName: bucketName,
      });
    }
    if (bucket.region !== signature.region) {
      throw new AwsFailure(
        'AuthorizationHeaderMalformed',
        400,
        `The authorization header is malformed; the region '${signature.region}' is wrong; expecting '${bucket.region}'`,
        { Region: bucket.region },
      );
    }
    if (handler === undefined) {
      throw new AwsFailure('NotImplemented', 501, 'The sandbox does not stand in for this operation of S3');
    }
    const { keys: caller, region } = signature;
    return handler({ world, received: request, caller, region, bucket, key, query, payload, notes });
  });
  return { ...reply, headers: { ...reply.headers, 'x-amz-request-id': request.requestId } };
}

/** S3 calls the same mistakes by other names than the query services. */
const signatureFailures: Readonly<Record<string, readonly [code: string, status: number]>> = {
  MissingAuthenticationToken: ['AccessDenied', 403],
  InvalidClientTokenId: ['InvalidAccessKeyId', 403],
  ExpiredToken: ['ExpiredToken', 400],
  IncompleteSignature: ['AuthorizationHeaderMalformed', 400],
};

function verify(world: World, request: Received): VerifiedSignature {
  try {
    return verifySignature(request, {
      keys: world.keys,
      now: world.now(),
      service: 's3',
      regions,
      payloadHash,
    });
  } catch (error) {
    if (!(error instanceof AwsFailure)) throw error;
    if (/^Signature (expired|not yet current)/.test(error.message)) {
      throw new AwsFailure(
        'RequestTimeTooSkewed',
        403,
        'The difference between the request time and the current time is too large.',
        { ServerTime: new Date(world.now()).toISOString(), MaxAllowedSkewMilliseconds: '900000' },
      );
    }
    const [code, status] = signatureFailures[error.code] ?? [error.code, error.status];
    throw new AwsFailure(code, status, error.message, error.details);
  }
}

/** What CloudTrail shows of it, as a data event. */
function note(
  notes: CallNotes,
  { request, bucketName, key, query }: Addressed,
  bucket: Bucket | undefined,
): void {
  const shown = ['if-none-match', 'x-amz-object-lock-mode', 'x-amz-object-lock-retain-until-date'];
  const headers = shown.map((name) => [name, request.header(name)] as const);
  const asked = ['prefix', 'delimiter', 'versionId', 'max-keys', 'list-type'].map(
    (name) => [name, query.get(name)] as const,
  );
  const parameters: EventParameters = {
    bucketName,
    Host: request.header('host'),
    ...(key === '' ? {} : { key }),
    ...Object.fromEntries([...headers, ...asked].filter(([, value]) => value !== undefined)),
  };
  notes.parameters = parameters;
  if (bucket === undefined) return;
  const accountId = bucket.account;
  notes.resources = [
    ...(key === '' ? [] : [{ type: 'AWS::S3::Object', ARN: objectArn(bucket, key), accountId }]),
    { type: 'AWS::S3::Bucket', ARN: bucketArn(bucket), accountId },
  ];
}

function decodeKey(raw: string): string {
  try {
    return decodeURIComponent(raw);
  } catch {
    // It can't be signed either: verifySignature says so.
    return raw;
  }
}
