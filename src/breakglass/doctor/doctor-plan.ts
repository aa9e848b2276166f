import type { Plan, PlanStep } from '../../terminal/plan.ts';
import type { BreakGlassPlace } from '../break-glass-place.ts';
import { firstOfEachTier, namedGrantGroups } from './doctor-groups.ts';

/** What the doctor would try; pure. */
export function doctorPlan(place: BreakGlassPlace, all: boolean): Plan {
  const { account, intakeBucket, breakGlass } = place;
  const named = namedGrantGroups(place);
  const groups = named.length;
  const tried = all ? groups : firstOfEachTier(named).length;
  const archive = breakGlass.records?.archiveBucket;
  const call = (name: string, resource: string, why: string): PlanStep => ({
    kind: 'aws',
    call: name,
    action: name.startsWith('sso ') ? undefined : name.replace(' ', ':'),
    resource,
    why,
  });
  return {
    summary: `Try whether break-glass of ${account} is there, and whether its policies hold.`,
    steps: [
      call('sso GetRoleCredentials', account, 'keys of each permission set of break-glass that you hold'),
      call('identitystore GetGroupId', `${groups} groups`, 'they must be there'),
      { kind: 'local', what: 'write each try to the journal before it is made' },
      call(
        'identitystore CreateGroupMembership',
        `${tried} ${tried === 1 ? 'group' : 'groups'}`,
        'of yourself: AWS must refuse it; if it does not, DeleteGroupMembership at once',
      ),
      call('identitystore CreateGroupMembership', 'one group of each tier', 'of somebody whom there is not'),
      call('s3 PutObject', intakeBucket, 'with a wrong digest, so that nothing is ever written'),
      ...(archive === undefined ? [] : [call('s3 PutObject', archive, 'the same; it must be refused')]),
      call('s3 ListBucket', intakeBucket, 'what you may list, and what not'),
      call('identitystore ListGroupMemberships', `${groups} groups`, 'as auditor or approver: who is in'),
      call(
        's3 GetBucketVersioning',
        'each bucket',
        'as auditor; also GetPublicAccessBlock, GetObjectLockConfiguration, and the policy of the functions',
      ),
      call('cloudtrail LookupEvents', 'events of the sweeper', 'as auditor: is it alive'),
      call(
        'ssm DescribeDocument',
        'session documents of production',
        'where you have access now, or are in the shell of a grant: are those there that forge.yaml names',
      ),
    ],
    equivalents: [],
  };
}
