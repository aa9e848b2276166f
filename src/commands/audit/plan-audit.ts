import type { ArchivePlace } from '../../breakglass/archive/archive-place.ts';
import type { Plan, PlanStep } from '../../terminal/plan.ts';

export function journalPlan(summary: string): Plan {
  return { summary, steps: [{ kind: 'local', what: 'read the journal of this machine' }], equivalents: [] };
}

/** `prefix`: what is listed, e.g. `sessions/`. */
export function archivePlan(place: ArchivePlace, summary: string, prefix: string, trail: boolean): Plan {
  const { account, archiveBucket: bucket, auditPermissionSet, region } = place;
  const call = (name: string, action: string, resource: string, why: string): PlanStep => ({
    kind: 'aws',
    call: name,
    action,
    resource,
    why,
  });
  return {
    summary,
    steps: [
      {
        kind: 'aws',
        call: 'sso GetRoleCredentials',
        action: undefined,
        resource: `${auditPermissionSet} in ${account}`,
        why: 'keys to read with, kept in memory',
      },
      call(
        's3 ListObjectVersions',
        's3:ListBucketVersions',
        `${bucket}/${prefix}`,
        'every version and deletion',
      ),
      call('s3 GetObject', 's3:GetObjectVersion', `${bucket}/${prefix}*`, 'the bytes of each version'),
      call(
        's3 GetObjectRetention',
        's3:GetObjectRetention',
        `${bucket}/${prefix}*`,
        'how long each is locked',
      ),
      ...(trail
        ? [
            call(
              'cloudtrail LookupEvents',
              'cloudtrail:LookupEvents',
              `events of ${region}`,
              'every grant that was made',
            ),
            call(
              'identitystore GetGroupId',
              'identitystore:GetGroupId',
              'just-in-time groups',
              'which grants are meant',
            ),
          ]
        : []),
      { kind: 'local', what: 'check versions, locks, chains, judgements, files and the ledger' },
    ],
    equivalents: [
      `aws s3api list-object-versions --bucket ${bucket} --prefix ${prefix || "''"} --region ${region}`,
    ],
  };
}
