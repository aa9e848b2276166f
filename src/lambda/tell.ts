import { emergencyUseFromEvent } from '../breakglass/protocol/emergency-use.ts';
import { judgeEmergency } from '../breakglass/protocol/judge-emergency.ts';
import { foundMembership, membershipFromEvent } from '../breakglass/protocol/membership.ts';
import { findEmergencyRole, findTier, type Policy } from '../breakglass/protocol/policy.ts';
import { type Bodies, originalOf } from '../breakglass/protocol/record-bodies.ts';
import { parseRequest } from '../breakglass/protocol/request.ts';
import type { Session } from '../breakglass/protocol/session.ts';
import { emergencyText, grantText, laterText } from '../breakglass/protocol/slack-text.ts';
import { type Ports, type Telling, tellingPrefix } from './ports.ts';

type Teller = Pick<Ports, 'tell' | 'log' | 'now' | 'workflow'>;

/** What is to be said, where, and what it is about: `<what>-<id>`, of which there is one message. */
export interface Message {
  readonly about: string;
  /** Undefined: where alerts go. */
  readonly channel?: string | undefined;
  readonly text: string;
}

/**
 * Has it said by an execution of its own: it is tried for days, so an outage of Slack loses nothing, and holds up nothing.
 * The execution's name is what makes a message that several handlers, or one that is run again, have for people one
 * message. Where no execution can be started it is said from here. Throws when both fail.
 */
export async function tellOnce(ports: Teller, { about, channel, text }: Message): Promise<void> {
  const at = new Date(ports.now()).toISOString();
  try {
    await ports.workflow.start(`${tellingPrefix}${about}`, {
      trigger: 'tell',
      channel: channel ?? null,
      text,
      at,
    });
  } catch (error) {
    ports.log(`${about} is told from here: ${messageOf(error)}`);
    await ports.tell(channel, text);
  }
}

/** As `tellOnce`; where nothing can be said, an access still begins and ends. */
export async function tellIfPossible(ports: Teller, message: Message): Promise<void> {
  await tellOnce(ports, message).catch((error: unknown) => {
    ports.log(`${message.about} was not told: ${messageOf(error)}`);
  });
}

/** What such an execution does, again and again until Slack has it. */
export async function tellNow({ tell, now }: Ports, { channel, text, at }: Telling): Promise<void> {
  await tell(channel ?? undefined, laterText(text, Date.parse(at), now()));
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

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
