import type { PolicyDocument, PolicyStatement } from '../../iam/policy.ts';
import { type Bucket, emptyBucket } from '../aws/s3/bucket.ts';
import { accessAccount, region } from '../seed-accounts.ts';
import {
  archive,
  archiveBucket,
  configuration,
  configurationBucket,
  handlerRoleArn,
  intake,
  intakeBucket,
} from './arns.ts';

/** What people write, once each; what the recorder makes of it, which nobody can change for seven years; what the handlers know. */
export function breakGlassBuckets(): Bucket[] {
  return [
    emptyBucket({
      name: intakeBucket,
      account: accessAccount,
      region,
      objectLock: undefined,
      policy: policy([...writtenOnce(intake), nothingIsTaken(intake), setByThePipeline(intake)]),
    }),
    emptyBucket({
      name: archiveBucket,
      account: accessAccount,
      region,
      objectLock: { mode: 'COMPLIANCE', days: 2555 },
      policy: policy([
        {
          Sid: 'OnlyTheRecorder',
          Effect: 'Deny',
          Principal: '*',
          Action: 's3:PutObject',
          Resource: `${archive}/*`,
          Condition: { ArnNotEquals: { 'aws:PrincipalArn': handlerRoleArn('recorder') } },
        },
        ...writtenOnce(archive),
        nothingIsTaken(archive),
        setByThePipeline(archive),
      ]),
    }),
    emptyBucket({
      name: configurationBucket,
      account: accessAccount,
      region,
      objectLock: undefined,
      policy: policy([
        {
          Sid: 'OnlyThePipeline',
          Effect: 'Deny',
          Principal: '*',
          Action: ['s3:PutObject', 's3:DeleteObject', 's3:DeleteObjectVersion'],
          Resource: `${configuration}/*`,
          Condition: { ArnNotEquals: { 'aws:PrincipalArn': pipelineRole } },
        },
        notInTheClear(configuration),
        setByThePipeline(configuration),
      ]),
    }),
  ];
}

const pipelineRole = `arn:aws:iam::${accessAccount}:role/forge-terraform`;

const policy = (statements: readonly PolicyStatement[]): PolicyDocument => ({
  Version: '2012-10-17',
  Statement: statements,
});

function writtenOnce(bucket: string): readonly PolicyStatement[] {
  return [
    {
      Sid: 'WrittenOnce',
      Effect: 'Deny',
      Principal: '*',
      Action: 's3:PutObject',
      Resource: `${bucket}/*`,
      Condition: { Null: { 's3:if-none-match': 'true' } },
    },
    notInTheClear(bucket),
  ];
}

function notInTheClear(bucket: string): PolicyStatement {
  return {
    Sid: 'NotInTheClear',
    Effect: 'Deny',
    Principal: '*',
    Action: 's3:*',
    Resource: [bucket, `${bucket}/*`],
    Condition: { Bool: { 'aws:SecureTransport': 'false' } },
  };
}

function nothingIsTaken(bucket: string): PolicyStatement {
  return {
    Sid: 'NothingIsTaken',
    Effect: 'Deny',
    Principal: '*',
    Action: [
      's3:DeleteObject',
      's3:DeleteObjectVersion',
      's3:BypassGovernanceRetention',
      's3:PutObjectRetention',
      's3:PutObjectLegalHold',
    ],
    Resource: `${bucket}/*`,
  };
}

/** Whatever else has power over S3 in this account: none of these rules is taken away but where it was written. */
function setByThePipeline(bucket: string): PolicyStatement {
  return {
    Sid: 'SetByThePipeline',
    Effect: 'Deny',
    Principal: '*',
    Action: [
      's3:PutBucketPolicy',
      's3:DeleteBucketPolicy',
      's3:PutBucketVersioning',
      's3:PutBucketObjectLockConfiguration',
      's3:PutLifecycleConfiguration',
      's3:PutReplicationConfiguration',
      's3:DeleteBucket',
    ],
    Resource: bucket,
    Condition: { ArnNotEquals: { 'aws:PrincipalArn': pipelineRole } },
  };
}
