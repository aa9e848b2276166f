import { emergencyUseFromEvent } from '../breakglass/protocol/emergency-use.ts';
import { judgeEmergency } from '../breakglass/protocol/judge-emergency.ts';
import { foundMembership, membershipFromEvent } from '../breakglass/protocol/membership.ts';
import { findEmergencyRole, findTier, type Policy } from '../breakglass/protocol/policy.ts';
import { type Bodies, originalOf } from '../breakglass/protocol/record-bodies.ts';
import { parseRequest } from '../breakglass/protocol/request.ts';
import type { Session } from '../breakglass/protocol/session.ts';
import { emergencyText, grantText } from '../breakglass/protocol/slack-text.ts';
import type { Ports } from './ports.ts';

/** Says it, or that it could not: an outage of Slack must not keep anybody in, or out. */
export async function tellIfPossible(
  { tell, log }: Pick<Ports, 'tell' | 'log'>,
  channel: string | undefined,
  text: string,
): Promise<void> {
  try {
    await tell(channel, text);
  } catch (error) {
    log(`Slack was not told: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Where a session is talked about; undefined: where alerts go. */
export function channelOf(policy: Policy, session: Session): string | undefined {
  if (!session.sanctioned) return undefined;
  if (session.roleArn !== undefined) return findEmergencyRole(policy, session.roleArn)?.channel;
  return session.tier === undefined ? undefined : findTier(policy, session.tier)?.channel;
}

/** What record 0 says, for people. */
export function openingText(policy: Policy, open: Bodies['open']): string {
  const { session } = open;
  const use = open.event && emergencyUseFromEvent(open.event);
  if (use !== undefined)
    return emergencyText({ ...judgeEmergency(use, policy, Date.parse(session.expiresAt)), session }, use);
  const membership =
    (open.event && membershipFromEvent(open.event)) ??
    foundMembership({
      membershipId: session.membershipId ?? '',
      groupId: session.groupId ?? '',
      userId: session.userId ?? '',
      identityStoreId: policy.identityStoreId,
    });
  const request = open.request && parseRequest(originalOf(open.request).bytes);
  if (session.sanctioned && open.rule !== undefined && request?.ok === true)
    return grantText({ sanctioned: true, session, rule: open.rule, request: request.value }, membership);
  const why = session.why?.replace(/^[\w-]+: /, '') ?? '';
  return grantText({ sanctioned: false, refusal: 'no-request', why, session }, membership);
}
