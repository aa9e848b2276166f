import { durationText } from '../../lib/duration-text.ts';
import { type RequestId, shortId } from '../protocol/ids.ts';
import { slackEscape } from '../protocol/slack-text.ts';
import type { OfflinePeople } from './offline-people.ts';
import type { OfflinePlan } from './plan-offline.ts';

/** What the incidents channel reads before tier 3 is opened. What people wrote can't mention, link or format. */
export function offlineOpeningText(
  { environment, tier, reason, ticket, seconds }: OfflinePlan,
  { keyHolder, deviceHolder }: OfflinePeople,
  id: RequestId,
): string {
  return [
    `:rotating_light: *${slackEscape(keyHolder)}* and *${slackEscape(deviceHolder)}* break the glass without Identity Center: tier ${tier.name} in *${slackEscape(environment.name)}* for ${durationText(seconds * 1_000)}`,
    `Reason: ${slackEscape(reason)}`,
    `Ticket: ${ticket === undefined ? 'to follow' : slackEscape(ticket)}`,
    `Session: \`${shortId(id)}\`. The key is to be replaced afterwards: \`forge breakglass rotate\``,
  ].join('\n');
}
