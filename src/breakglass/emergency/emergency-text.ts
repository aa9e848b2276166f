import { durationText } from '../../lib/duration-text.ts';
import type { Person } from '../protocol/document-parts.ts';
import { type RequestId, shortId } from '../protocol/ids.ts';
import { slackEscape } from '../protocol/slack-text.ts';
import type { EmergencyPlan } from './plan-emergency.ts';

/** What the incidents channel reads before the keys are used. What people wrote can't mention, link or format. */
export function emergencyOpeningText(plan: EmergencyPlan, person: Person, id: RequestId): string {
  const { environment, tier, reason, ticket, seconds } = plan;
  return [
    `:rotating_light: *${slackEscape(person.userName)}* breaks the glass: tier ${tier.name} in *${slackEscape(environment.name)}* for ${durationText(seconds * 1_000)}`,
    `Reason: ${slackEscape(reason)}`,
    `Ticket: ${ticket === undefined ? 'to follow' : slackEscape(ticket)}`,
    `Session: \`${shortId(id)}\``,
  ].join('\n');
}
