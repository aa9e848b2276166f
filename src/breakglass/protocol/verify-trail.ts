import { emergencyUseFromEvent } from './emergency-use.ts';
import { type Finding, finding } from './findings.ts';
import { membershipFromEvent } from './membership.ts';
import { findGrant, type Policy } from './policy.ts';
import type { VerifiedSession } from './verify-session.ts';

/** CloudTrail and EventBridge are late: what happened within the last so many minutes need not be on record yet. */
const lateMinutes = 15;

/**
 * Completeness: every grant and every use of an emergency role that the trail knows has its session. `events`: from
 * the trail's own files, in any of CloudTrail's shapes; those of other calls are passed over.
 */
export function verifyTrail(
  events: Iterable<unknown>,
  sessions: Iterable<VerifiedSession>,
  policy: Policy,
  now: number,
): readonly Finding[] {
  const ids = new Set<string>();
  const recorded = new Set<string>();
  for (const { id, openedBy } of sessions) {
    ids.add(id);
    // Found by the sweeper, not seen being made: then its membership is all that is known.
    const known = openedBy.eventId ?? openedBy.membershipId;
    if (known !== undefined) recorded.add(known);
  }
  const findings: Finding[] = [];
  const late = now - lateMinutes * 60_000;
  for (const event of events) {
    const membership = membershipFromEvent(event);
    if (membership?.made !== undefined) {
      const { eventId, at, errorCode } = membership.made;
      if (errorCode !== undefined || at > late || findGrant(policy, membership.groupId) === undefined)
        continue;
      const known = recorded.has(eventId) || recorded.has(membership.membershipId ?? '');
      if (!known) findings.push(finding('unrecorded-grant', eventId, undefined));
      continue;
    }
    const use = emergencyUseFromEvent(event);
    if (use === undefined || use.denied || use.at > late) continue;
    if (!ids.has(`EV-${use.eventId}`)) findings.push(finding('unrecorded-use', use.eventId, undefined));
  }
  return findings;
}
