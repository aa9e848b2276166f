import type { Plan, PlanStep } from '../../terminal/plan.ts';
import type { BreakGlassPlace } from '../break-glass-place.ts';

/** What `forge breakglass kill --plan` says; pure. */
export function killPlan({ account, intakeBucket, breakGlass }: BreakGlassPlace, typed: string): Plan {
  const approve = [...breakGlass.approvers.values()].flatMap(({ permissionSet }) => permissionSet ?? []);
  const sets = [breakGlass.killPermissionSet, ...approve].filter((name) => name !== undefined);
  const archive = breakGlass.records?.archiveBucket ?? '<archive>';
  const call = (name: string, action: string | undefined, resource: string, why: string): PlanStep => ({
    kind: 'aws',
    call: name,
    action,
    resource,
    why,
  });
  return {
    summary: `End ${typed} on every plane, and say what was seen.`,
    steps: [
      call(
        'sso GetRoleCredentials',
        undefined,
        `${sets.join(' or ')} in ${account}`,
        'keys for the access account',
      ),
      { kind: 'local', what: 'write to the journal that it is ended, by whom and why' },
      call(
        's3 PutObject',
        's3:PutObject',
        `${intakeBucket}/kills/<session>/<your id>.json`,
        'says that it is ended, once',
      ),
      call(
        'identitystore DeleteGroupMembership',
        'identitystore:DeleteGroupMembership',
        'their membership',
        'where you may; the server side does it too',
      ),
      call(
        's3 GetObject',
        's3:GetObject',
        `${archive}/sessions/<session>/??????.json`,
        'until the server side says what it took away',
      ),
    ],
    equivalents: [],
  };
}
