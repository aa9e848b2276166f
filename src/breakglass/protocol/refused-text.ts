import type { GrantPolicy } from './policy.ts';
import { slackEscape } from './slack-text.ts';
import type { Principal } from './trail-event.ts';

/** Somebody tried to make themselves a member of a group that is a grant, and AWS refused it: nobody got in. */
export function refusedGrantText(by: Principal, grant: GrantPolicy | undefined): string {
  const who = slackEscape(by.sessionName ?? by.userId ?? by.arn);
  const scenario = grant?.scenario === undefined ? '' : ` (${slackEscape(grant.scenario)})`;
  const what =
    grant === undefined
      ? 'break-glass'
      : `tier ${grant.tier}${scenario} in *${slackEscape(grant.environment)}*`;
  const as = by.permissionSet === undefined ? '' : `, as ${slackEscape(by.permissionSet)}`;
  return [
    `:no_entry: *${who}* tried to let themselves into ${what}${as}. AWS refused it: nobody got in.`,
    'What else they try within five minutes is not told; CloudTrail has all of it. `forge breakglass doctor` tries it on purpose.',
  ].join('\n');
}
