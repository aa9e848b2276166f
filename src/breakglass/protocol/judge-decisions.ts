import { type Decision, parseDecision } from './decision.ts';
import { type StoredObject, sha256 } from './document.ts';
import { isTime } from './document-parts.ts';
import { parseDecisionKey } from './keys.ts';
import type { Refusal } from './refusals.ts';
import type { AccessRequest } from './request.ts';

/** An approval that counts. */
export interface Approval {
  readonly decision: Decision;
  /** Epoch milliseconds, the bucket's clock. */
  readonly at: number;
}

/**
 * S3 and CloudTrail write whole seconds, each rounding its own way, and AWS's clocks differ a little: what is so
 * much later is not called later.
 */
export const clockTolerance = 5_000;

/**
 * The approvals of a request, oldest first, or why the decisions there are none. One that is wrong makes all wrong:
 * IAM lets only approvers write there, so it is no noise but an attempt or a defect.
 */
export function readApprovals(
  request: AccessRequest,
  requestBytes: Uint8Array,
  decisions: readonly StoredObject[],
): readonly Approval[] | Refusal {
  const digest = sha256(requestBytes);
  const people = new Set<string>();
  const approvals: Approval[] = [];
  let denied = false;
  for (const stored of decisions) {
    const place = parseDecisionKey(stored.key);
    if (place === undefined || place.id !== request.id || place.tier !== request.tier)
      return 'decision-misplaced';
    const parsed = parseDecision(stored.bytes);
    if (!parsed.ok) return 'decision-unreadable';
    const decision = parsed.value;
    if (decision.approver.userId !== place.approverId) return 'decision-misplaced';
    if (decision.requestId !== request.id || decision.requestSha256 !== digest) return 'decision-of-another';
    // By id: names are what people typed.
    if (place.approverId === request.requester.userId) return 'approved-own';
    if (people.has(place.approverId)) return 'approved-twice';
    if (!isTime(stored.lastModified)) return 'time-unknown';
    if (decision.minutes > request.minutes) return 'too-long';
    people.add(place.approverId);
    denied ||= decision.outcome === 'denied';
    approvals.push({ decision, at: stored.lastModified });
  }
  if (denied) return 'request-denied';
  return approvals.sort((a, b) => a.at - b.at);
}
