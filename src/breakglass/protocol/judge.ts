import { isoSeconds } from '../../lib/iso-seconds.ts';
import { expiresAt, hasLapsed } from './deadlines.ts';
import type { StoredObject } from './document.ts';
import { cleanLine, isTime } from './document-parts.ts';
import type { SessionId } from './ids.ts';
import { type Approval, clockTolerance, readApprovals } from './judge-decisions.ts';
import { refuseRequest } from './judge-request.ts';
import type { Membership } from './membership.ts';
import { findGrant, findTier, type Policy, type TierPolicy } from './policy.ts';
import { type Refusal, refusals } from './refusals.ts';
import { type AccessRequest, parseRequest } from './request.ts';
import type { Session } from './session.ts';

/** What the intake and the archive have about a grant. */
export interface Papers {
  readonly request: StoredObject | undefined;
  /** All objects under `decisions/tier<N>/<request>/`. */
  readonly decisions: readonly StoredObject[];
  /** Record 0 of a session of this request exists, and is another grant's (`isSameGrant` is false). */
  readonly spent: boolean;
}

/** The rule that a sanctioned session is under, for its record. */
export interface Rule {
  readonly approvals: number;
  readonly tierMinutes: number;
  readonly grantMinutes: number;
}

export type Verdict =
  | {
      readonly sanctioned: true;
      readonly session: Session;
      readonly rule: Rule;
      readonly request: AccessRequest;
    }
  | {
      readonly sanctioned: false;
      readonly refusal: Refusal;
      /** One sentence for people. */
      readonly why: string;
      readonly session: Session;
    };

/**
 * Whether a grant is sanctioned: asked for by the person who got in, approved by as many others as the tier needs, in
 * time, for no longer than allowed, and made by one of them with an approver's permission set. Everything that
 * decides is AWS's word (who called, when, whose prefix); what people wrote is only compared with it.
 *
 * Of a membership that nobody saw being made (`made` undefined: the event was lost, or the membership was there
 * already) the decisions tell who approved, and the last that was needed tells when: IAM lets nobody but an approver
 * write one, and only under their own id.
 *
 * `now` in epoch milliseconds. Never throws; there always is a session with an end. What is not sanctioned ends now.
 */
export function judge(membership: Membership, papers: Papers, policy: Policy, now: number): Verdict {
  const grant = findGrant(policy, membership.groupId);
  const parsed = papers.request && parseRequest(papers.request.bytes);
  const request = parsed?.ok === true ? parsed.value : undefined;
  const tier = grant && findTier(policy, grant.tier);
  const refuse = (refusal: Refusal): Verdict => refused(refusal, membership, request, policy, now);

  if (membership.made?.errorCode !== undefined) return refuse('call-failed');
  if (membership.made !== undefined && !isTime(membership.made.at)) return refuse('time-unknown');
  const { identityStoreId } = membership;
  if (identityStoreId !== undefined && identityStoreId !== policy.identityStoreId)
    return refuse('wrong-identity-store');
  if (grant === undefined || tier === undefined) return refuse('unknown-group');
  const granter = refuseGranter(membership, tier, policy);
  if (granter !== undefined) return refuse(granter);
  if (papers.request === undefined) return refuse('no-request');
  if (request === undefined) return refuse('request-unreadable');
  const mismatch = refuseRequest(request, papers.request, membership, grant, tier);
  if (mismatch !== undefined) return refuse(mismatch);
  if (papers.spent) return refuse('request-spent');

  const approvals = readApprovals(request, papers.request.bytes, papers.decisions);
  if (typeof approvals === 'string') return refuse(approvals);
  const counted = inTime(approvals, membership);
  const needed = counted[tier.approvals - 1];
  if (needed === undefined)
    return refuse(approvals.length >= tier.approvals ? 'decision-late' : 'too-few-approvals');
  if (!decidedBy(counted, membership)) return refuse('granter-undecided');

  const openedAt = membership.made?.at ?? needed.at;
  if (!isTime(papers.request.lastModified)) return refuse('time-unknown');
  if (papers.request.lastModified > openedAt + clockTolerance) return refuse('request-late');
  if (hasLapsed(papers.request.lastModified, policy, openedAt)) return refuse('request-lapsed');

  const end = expiresAt(
    openedAt,
    request.minutes,
    tier.maximumMinutes,
    grant.maximumMinutes,
    ...counted.map((approval) => approval.decision.minutes),
  );
  return {
    sanctioned: true,
    request,
    rule: {
      approvals: tier.approvals,
      tierMinutes: tier.maximumMinutes,
      grantMinutes: grant.maximumMinutes,
    },
    session: {
      id: request.id,
      sanctioned: true,
      tier: grant.tier,
      userId: membership.userId,
      userName: request.requester.userName,
      groupId: membership.groupId,
      membershipId: membership.membershipId,
      permissionSet: grant.permissionSet,
      scenario: grant.scenario,
      account: grant.account,
      environment: grant.environment,
      ticket: request.ticket,
      reason: request.reason,
      openedAt: isoSeconds(openedAt),
      expiresAt: isoSeconds(end),
      approvers: counted.map((approval) => approval.decision.approver),
      extends: request.extends,
    },
  };
}

/** From the principal in the event alone: what papers say comes later. */
function refuseGranter({ made, userId }: Membership, tier: TierPolicy, policy: Policy): Refusal | undefined {
  if (made === undefined) return undefined;
  if (made.by.userId === undefined) return 'granter-unknown';
  if (made.by.userId === userId) return 'granted-own';
  const approverRole =
    made.by.account === policy.account &&
    made.by.permissionSet !== undefined &&
    tier.approverPermissionSets.includes(made.by.permissionSet);
  return approverRole ? undefined : 'granter-not-approver';
}

/** Two approvers at once make one grant: a decision that came after it neither counts nor harms. */
function inTime(approvals: readonly Approval[], { made }: Membership): readonly Approval[] {
  return made === undefined
    ? approvals
    : approvals.filter((approval) => approval.at <= made.at + clockTolerance);
}

const decidedBy = (approvals: readonly Approval[], { made }: Membership): boolean =>
  made === undefined || approvals.some(({ decision }) => decision.approver.userId === made.by.userId);

function refused(
  refusal: Refusal,
  membership: Membership,
  request: AccessRequest | undefined,
  policy: Policy,
  now: number,
): Verdict {
  const grant = findGrant(policy, membership.groupId);
  const end = isTime(now) ? now : 0;
  const openedAt = membership.made !== undefined && isTime(membership.made.at) ? membership.made.at : end;
  const id: SessionId = `UN-${membership.membershipId ?? membership.made?.eventId ?? membership.userId}`;
  const theirs = request?.requester.userId === membership.userId ? request : undefined;
  return {
    sanctioned: false,
    refusal,
    why: refusals[refusal],
    session: {
      id,
      sanctioned: false,
      why: `${refusal}: ${refusals[refusal]}`,
      tier: grant?.tier,
      userId: membership.userId,
      userName: cleanLine(theirs?.requester.userName, 256),
      groupId: membership.groupId,
      membershipId: membership.membershipId,
      permissionSet: grant?.permissionSet,
      scenario: grant?.scenario,
      account: grant?.account,
      environment: grant?.environment,
      openedAt: isoSeconds(Math.min(openedAt, end)),
      expiresAt: isoSeconds(end),
      approvers: [],
    },
  };
}
