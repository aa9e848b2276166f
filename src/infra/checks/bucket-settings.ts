import { type Check, type Judged, stated } from '../check.ts';
import type { DeployedBucket } from '../deployment.ts';
import { type BucketKind, bucketArn, findBucket, bucketKinds as kinds } from './cast.ts';

const ofBucket =
  (
    kind: BucketKind,
    what: string,
    expected: string,
    read: (bucket: DeployedBucket, judged: Judged) => readonly [found: string, holds: boolean],
  ) =>
  (judged: Judged) => {
    const bucket = findBucket(judged, kind);
    const [found, holds] = bucket ? read(bucket, judged) : (['the bucket is missing', false] as const);
    return [{ what, resource: bucketArn(judged, kind), expected, found, holds }];
  };

export const bucketSettings: readonly Check[] = [
  stated(
    'records',
    {
      id: 'records.lock',
      title: 'the archive is locked in COMPLIANCE mode',
      why: 'In GOVERNANCE mode, or without a lock, whoever has the power deletes records.',
      fix: 'aws_s3_bucket_object_lock_configuration: mode = "COMPLIANCE".',
    },
    ofBucket('archive', 'Object Lock', 'COMPLIANCE, at least a day', ({ lock }) => [
      lock ? `${lock.mode}, ${lock.days} days` : 'no lock',
      lock?.mode === 'COMPLIANCE' && lock.days >= 1,
    ]),
  ),
  stated(
    'records',
    {
      id: 'records.stay',
      title: 'the plan takes away no bucket of break-glass, and nothing that guards one',
      why: 'Another name is another bucket to Terraform: records would stay behind unguarded, or an apply would stop half way.',
      fix: 'Give the bucket its name back in forge.yaml. One that is meant to go: terraform state rm, so that nothing is taken from it.',
    },
    ({ deployment: { bucketsTakenAway: gone } }) => [
      {
        what: 'plan',
        resource: gone[0] ?? 'buckets',
        expected: 'stay',
        found: gone.length === 0 ? 'stay' : `${gone.length} go`,
        holds: gone.length === 0,
      },
    ],
  ),
  ...kinds.map((kind) =>
    stated(
      'records',
      {
        id: `records.${kind}.versioned`,
        title: `the ${kind} bucket keeps versions`,
        why: 'What is written over would be gone.',
        fix: 'aws_s3_bucket_versioning: status = "Enabled".',
      },
      ofBucket(kind, 'versions', 'Enabled', ({ versioned }) => [
        versioned ? 'Enabled' : 'not enabled',
        versioned,
      ]),
    ),
  ),
  ...kinds.map((kind) =>
    stated(
      'records',
      {
        id: `records.${kind}.closed`,
        title: `the ${kind} bucket can't be made public`,
        why: 'One wrong line of a policy would publish records.',
        fix: 'aws_s3_bucket_public_access_block: all four settings true.',
      },
      ofBucket(kind, 'public access block', 'all four settings', ({ closed }) => [
        closed ? 'all four settings' : 'not all four settings',
        closed,
      ]),
    ),
  ),
  ...kinds.map((kind) =>
    stated(
      'records',
      {
        id: `records.${kind}.kept`,
        title: `Terraform can't remove the ${kind} bucket with what is in it`,
        why: 'A mistaken destroy would take the records along.',
        fix: 'force_destroy must be false.',
      },
      ofBucket(kind, 'force_destroy', 'false', ({ forceDestroy }) => [String(forceDestroy), !forceDestroy]),
    ),
  ),
  stated(
    'records',
    {
      id: 'records.expiry',
      title: 'records don’t expire before their retention is over',
      why: 'A lifecycle rule would delete what must be kept.',
      fix: 'No expiration in the archive’s lifecycle, or one later than the retention of forge.yaml.',
    },
    ofBucket(
      'archive',
      'lifecycle',
      'nothing goes before its retention is over',
      ({ expiresAfterDays }, judged) => [
        expiresAfterDays === undefined ? 'nothing goes' : `goes after ${expiresAfterDays} days`,
        expiresAfterDays === undefined || expiresAfterDays >= judged.intent.retentionDays,
      ],
    ),
  ),
];
