import { expiresAt } from './deadlines.ts';
import { emergencyUseFromEvent } from './emergency-use.ts';
import type { FindingCode } from './findings.ts';
import { readApprovals } from './judge-decisions.ts';
import { parseRequestKey } from './keys.ts';
import { membershipFromEvent } from './membership.ts';
import { type Bodies, originalOf } from './record-bodies.ts';
import type { Refusal } from './refusals.ts';
import { parseRequest } from './request.ts';
import { epoch } from './session.ts';

type Open = Bodies['open'];

/**
 * Checks record 0 against itself: the judgement is made again from the bytes and the event that it holds, by the
 * rule that it says stood then. Undefined: it agrees. The policy of today does not enter: groups come and go.
 */
export function checkOpen(open: Open): FindingCode | undefined {
  const { session } = open;
  if (epoch(session.expiresAt) < epoch(session.openedAt)) return 'minutes';
  if (session.id.startsWith('EV-')) return checkUse(open);
  const made = open.event && membershipFromEvent(open.event);
  if (open.event !== undefined && made === undefined) return 'event';
  if (made !== undefined) {
    if (made.userId !== session.userId || made.groupId !== session.groupId) return 'event';
    if (made.membershipId !== undefined && made.membershipId !== session.membershipId) return 'event';
  }
  // What was not sanctioned promises nothing: it was let in by nobody, and is on record.
  if (!session.sanctioned) return session.id.startsWith('UN-') ? undefined : 'misplaced';
  return session.id.startsWith('BG-') ? checkGrant(open) : 'misplaced';
}

function checkGrant({ session, request: copy, decisions, rule, event }: Open): FindingCode | undefined {
  if (copy === undefined || rule === undefined) return 'schema';
  const original = originalOf(copy);
  const parsed = parseRequest(original.bytes);
  if (!parsed.ok) return 'schema';
  const request = parsed.value;
  const place = parseRequestKey(copy.key);
  if (place?.id !== session.id || request.id !== session.id) return 'misplaced';
  if (place.userId !== request.requester.userId || session.userId !== request.requester.userId)
    return 'four-eyes';
  if (request.groupId !== session.groupId || request.account !== session.account) return 'event';
  if (request.permissionSet !== session.permissionSet || request.tier !== session.tier) return 'event';

  const approvals = readApprovals(request, original.bytes, decisions.map(originalOf));
  if (typeof approvals === 'string') return codeOf(approvals);
  const named = new Set(session.approvers.map((approver) => approver.userId));
  const counted = approvals.filter(({ decision }) => named.has(decision.approver.userId));
  if (counted.length !== session.approvers.length || counted.length < rule.approvals) return 'four-eyes';

  const made = event && membershipFromEvent(event)?.made;
  const granter = made?.by.userId;
  if (made !== undefined && (granter === undefined || !named.has(granter))) return 'four-eyes';
  const openedAt = made?.at ?? counted[Math.max(rule.approvals, 1) - 1]?.at;
  if (openedAt === undefined || Math.floor(openedAt / 1_000) * 1_000 !== epoch(session.openedAt))
    return 'event';
  const caps = [rule.tierMinutes, rule.grantMinutes, ...counted.map(({ decision }) => decision.minutes)];
  return epoch(session.expiresAt) > expiresAt(openedAt, request.minutes, ...caps) ? 'minutes' : undefined;
}

function checkUse({ session, event }: Open): FindingCode | undefined {
  const use = event && emergencyUseFromEvent(event);
  if (use === undefined || `EV-${use.eventId}` !== session.id) return 'event';
  if (session.roleArn !== use.roleArn || (session.accessKeyId ?? use.accessKeyId) !== use.accessKeyId)
    return 'event';
  if (!session.sanctioned) return undefined;
  if (use.denied) return 'event';
  return epoch(session.expiresAt) > use.expiresAt ? 'minutes' : undefined;
}

function codeOf(refusal: Refusal): FindingCode {
  switch (refusal) {
    case 'decision-of-another':
      return 'digest';
    case 'approved-own':
    case 'approved-twice':
    case 'too-few-approvals':
    case 'request-denied':
      return 'four-eyes';
    case 'too-long':
      return 'minutes';
    case 'decision-misplaced':
      return 'misplaced';
    default:
      return 'schema';
  }
}
