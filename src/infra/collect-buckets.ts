import type { PolicyDocument } from '../iam/policy.ts';
import type { Gaps } from './collect-people.ts';
import type { AccountOf } from './collect-roles.ts';
import type { DeployedBucket } from './deployment.ts';
import { parseDocument } from './parse-document.ts';
import type { PlanResource } from './plan-document.ts';
import { blocksOf, type PlanResources, textOf } from './plan-resources.ts';

export function collectBuckets(
  resources: PlanResources,
  accountOf: AccountOf,
  gaps: Gaps,
): readonly DeployedBucket[] {
  const belonging = (type: string) => {
    const found = resources.ofType(type).map((resource) => ({
      resource,
      bucket: resources.target(resource, 'bucket', ['aws_s3_bucket']),
    }));
    return (bucket: PlanResource) => found.find((entry) => entry.bucket === bucket)?.resource;
  };
  const policyOf = belonging('aws_s3_bucket_policy');
  const blockOf = belonging('aws_s3_bucket_public_access_block');
  const lockOf = belonging('aws_s3_bucket_object_lock_configuration');
  const versioningOf = belonging('aws_s3_bucket_versioning');
  const lifecycleOf = belonging('aws_s3_bucket_lifecycle_configuration');
  return resources.ofType('aws_s3_bucket').map((bucket) => {
    const policy = policyOf(bucket);
    const text = policy && textOf(policy, 'policy');
    if (policy !== undefined && text === undefined) gaps.notKnown.push(`the policy of ${policy.address}`);
    return {
      account: accountOf(bucket),
      name: textOf(bucket, 'bucket') ?? bucket.address,
      policy:
        policy === undefined || text === undefined
          ? undefined
          : // As a trust policy it names principals; unlike one, it names resources.
            parseResourceDocument(text, policy.address, gaps),
      versioned: blocksOf(versioningOf(bucket)?.values ?? {}, 'versioning_configuration').some(
        ({ status }) => status === 'Enabled',
      ),
      lock: readLock(lockOf(bucket)),
      closed: [
        'block_public_acls',
        'block_public_policy',
        'ignore_public_acls',
        'restrict_public_buckets',
      ].every((name) => blockOf(bucket)?.values[name] === true),
      forceDestroy: bucket.values.force_destroy === true,
      expiresAfterDays: soonestEnd(lifecycleOf(bucket)),
    };
  });
}

function readLock(resource: PlanResource | undefined): DeployedBucket['lock'] {
  for (const rule of blocksOf(resource?.values ?? {}, 'rule')) {
    for (const { mode, days, years } of blocksOf(rule, 'default_retention')) {
      const number = (value: unknown) => (typeof value === 'number' ? value : 0);
      if (typeof mode === 'string') return { mode, days: number(days) + 365 * number(years) };
    }
  }
  return undefined;
}

function soonestEnd(resource: PlanResource | undefined): number | undefined {
  const days = blocksOf(resource?.values ?? {}, 'rule')
    .filter(({ status }) => status === 'Enabled')
    .flatMap((rule) => [
      ...blocksOf(rule, 'expiration').map((entry) => entry.days),
      ...blocksOf(rule, 'noncurrent_version_expiration').map((entry) => entry.noncurrent_days),
    ])
    .filter((value) => typeof value === 'number' && value > 0);
  return days.length === 0 ? undefined : Math.min(...(days as number[]));
}

/** A resource's policy has both, Principal and Resource: each of IAM's two grammars is asked about the half that it knows. */
export function parseResourceDocument(text: string, where: string, gaps: Gaps): PolicyDocument | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    gaps.notKnown.push(`${where}: no JSON`);
    return undefined;
  }
  const document = value as { readonly Statement?: unknown };
  const statements = Array.isArray(document.Statement) ? document.Statement : [document.Statement];
  for (const half of ['identity', 'trust'] as const) {
    const cut = half === 'identity' ? ['Principal', 'NotPrincipal'] : ['Resource', 'NotResource'];
    const part = statements.map((statement: object) =>
      Object.fromEntries(Object.entries(statement ?? {}).filter(([key]) => !cut.includes(key))),
    );
    if (parseDocument(JSON.stringify({ ...document, Statement: part }), where, gaps, half).length === 0) {
      return undefined;
    }
  }
  return value as PolicyDocument;
}
