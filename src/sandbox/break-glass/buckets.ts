import archivePolicy from '../../../infra/modules/access-account/policies/archive-bucket.json' with {
  type: 'json',
};
import configurationPolicy from '../../../infra/modules/access-account/policies/configuration-bucket.json' with {
  type: 'json',
};
import intakePolicy from '../../../infra/modules/access-account/policies/intake-bucket.json' with {
  type: 'json',
};
import { fillPolicy } from '../../iam/fill-policy.ts';
import { type Bucket, emptyBucket } from '../aws/s3/bucket.ts';
import { accessAccount, region } from '../seed-accounts.ts';
import { archiveBucket, configurationBucket, intakeBucket } from './arns.ts';
import { accessNames } from './policy-names.ts';

/** What people write, once each; what the recorder makes of it, which nobody can change for seven years; what the handlers know. */
export function breakGlassBuckets(): Bucket[] {
  return [
    bucket(intakeBucket, intakePolicy),
    bucket(archiveBucket, archivePolicy, { mode: 'COMPLIANCE', days: 2555 }),
    bucket(configurationBucket, configurationPolicy),
  ];
}

const bucket = (name: string, policy: object, objectLock?: Bucket['objectLock']): Bucket =>
  emptyBucket({
    name,
    account: accessAccount,
    region,
    objectLock,
    policy: fillPolicy('resource', [policy], accessNames),
  });
