import { parseDecision } from './decision.ts';
import { judge, type Papers, type Verdict } from './judge.ts';
import type { Membership } from './membership.ts';
import type { Policy } from './policy.ts';

/**
 * The verdict on a grant when its person has asked more than once: the request that sanctions it; else that of the
 * request which whoever made the grant decided, else of the newest that is for this group. Not simply of the
 * newest: someone who asks again while being let in must not lock themselves out.
 */
export function judgeAmong(
  membership: Membership,
  candidates: readonly Papers[],
  policy: Policy,
  now: number,
): { readonly verdict: Verdict; readonly papers: Papers } {
  const newestFirst = [...candidates].sort(
    (a, b) => (b.request?.lastModified ?? 0) - (a.request?.lastModified ?? 0),
  );
  const judged = newestFirst.map((papers) => ({ papers, verdict: judge(membership, papers, policy, now) }));
  const none = { request: undefined, decisions: [], spent: false };
  return (
    judged.find(({ verdict }) => verdict.sanctioned) ??
    judged.find(({ papers }) => decidedByGranter(membership, papers)) ??
    judged.find(({ verdict }) => !verdict.sanctioned && verdict.refusal !== 'wrong-group') ?? {
      papers: none,
      verdict: judge(membership, none, policy, now),
    }
  );
}

function decidedByGranter({ made }: Membership, { decisions }: Papers): boolean {
  return decisions.some(({ bytes }) => {
    const decision = parseDecision(bytes);
    return decision.ok && decision.value.approver.userId === made?.by.userId;
  });
}
