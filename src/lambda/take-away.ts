import { membershipEnd } from '../breakglass/protocol/deadlines.ts';
import { membershipFromEvent } from '../breakglass/protocol/membership.ts';
import { findEmergencyRole } from '../breakglass/protocol/policy.ts';
import { epoch, type Session } from '../breakglass/protocol/session.ts';
import { knownSessions } from './known-sessions.ts';
import type { Member, Ports } from './ports.ts';
import { liveSession } from './session-state.ts';
import { type PlannedCut, planTailCut } from './tail-cut.ts';

/** What was taken away so far, as records have it. */
export interface TakenAway {
  readonly membership: 'removed' | 'gone' | 'shared' | 'none';
  readonly tail: 'cut' | 'failed' | 'none';
  /** What was issued until then is refused: ISO 8601. */
  readonly until?: string | undefined;
  readonly terminated: number;
  readonly remaining: number;
  /** When the access was away: ISO 8601. */
  readonly at: string;
  /** Something is left that another try can end. */
  readonly again: boolean;
  /** Of the person, as the identity store has it: what CloudTrail calls them. */
  readonly userName?: string | undefined;
}

interface TakingAway {
  readonly before?: TakenAway | undefined;
  /** As whom an emergency role was assumed. */
  readonly owner?: string | undefined;
  /** false: the membership goes, whoever else has a share in it. */
  readonly shares?: boolean;
}

/**
 * Takes a session's access away: the membership first, unless it lasts for another session, then credentials that were
 * issued, then shells. Doing it twice does it once. Throws while the membership can't be removed; of the rest it
 * says what stayed, and `again` until nothing that was issued can still live.
 */
export async function takeAway(
  ports: Ports,
  session: Session,
  { before, owner, shares = true }: TakingAway = {},
): Promise<TakenAway> {
  const membership = await removeMembership(ports, session, before, shares);
  const done = ports.now();
  const at = before === undefined || before.membership === 'shared' ? done : Date.parse(before.at);
  if (membership === 'shared') {
    return { membership, tail: 'none', terminated: 0, remaining: 0, at: iso(at), again: false };
  }
  const userName = await nameOf(ports, session);
  const cut = await planTailCut(ports, session, { account: accountOf(ports, session), userName, now: done });
  const { tail, until } = before?.tail === 'cut' ? before : await cutTail(ports, session, cut);
  const shells = await endShells(ports, session, ownerTest(session, owner, userName), cut?.sparedSince);
  const left = tail === 'failed' || shells.remaining > 0;
  // When the last credentials have ended by themselves, nothing can be gained any more.
  const life = Math.max(ports.policy.credentialMinutes, emergencyMinutes(ports, session));
  const hopeless = done > at + (life + 5) * 60_000;
  return {
    membership,
    tail,
    terminated: (before?.terminated ?? 0) + shells.terminated,
    remaining: shells.remaining,
    at: iso(at),
    again: left && !hopeless,
    ...(until === undefined ? {} : { until }),
    ...(userName === undefined ? {} : { userName }),
  };
}

/** Whatever an execution was started with, when no record could be written: nobody stays in because of that. */
export function sessionOfInput(input: unknown, now: number): Session | undefined {
  const member = memberOf(input);
  if (member === undefined) return undefined;
  const at = iso(now);
  return {
    id: `UN-${member.membershipId ?? member.userId}`,
    sanctioned: false,
    groupId: member.groupId,
    userId: member.userId,
    membershipId: member.membershipId,
    openedAt: at,
    expiresAt: at,
    approvers: [],
  };
}

function memberOf(input: unknown): (Omit<Member, 'membershipId'> & { membershipId?: string }) | undefined {
  if (typeof input !== 'object' || input === null) return undefined;
  if ('membership' in input) return input.membership as Member;
  const seen = 'event' in input ? membershipFromEvent(input.event) : undefined;
  return seen?.made?.errorCode === undefined ? (seen as ReturnType<typeof memberOf>) : undefined;
}

async function removeMembership(
  ports: Ports,
  { id, sanctioned, groupId, userId, membershipId, expiresAt }: Session,
  before: TakenAway | undefined,
  shares: boolean,
): Promise<TakenAway['membership']> {
  if (groupId === undefined || userId === undefined) return 'none';
  if (before?.membership === 'removed') return 'removed';
  if (sanctioned && shares) {
    const end = await sharedUntil(ports, { id, groupId, userId, membershipId, expiresAt });
    // Of a membership that somebody took away, nobody has a share any more.
    if (end !== undefined && end > ports.now())
      return (await isMember(ports, groupId, userId, membershipId)) ? 'shared' : 'gone';
  }
  const found = membershipId ?? (await ports.people.findMembership(groupId, userId));
  if (found === undefined) return 'gone';
  return (await ports.people.removeMembership(found)) ? 'removed' : (before?.membership ?? 'gone');
}

async function isMember(
  { people }: Ports,
  groupId: string,
  userId: string,
  membershipId: string | undefined,
): Promise<boolean> {
  const found = await people.findMembership(groupId, userId);
  return found !== undefined && (membershipId === undefined || found === membershipId);
}

/** Shorter than this after its end, an archive that does not answer is asked again; then access ends without it. */
const patienceMs = 60_000;

/** Until when another session keeps the membership. */
async function sharedUntil(
  ports: Ports,
  session: Pick<Session, 'id' | 'membershipId' | 'expiresAt'> & { groupId: string; userId: string },
): Promise<number | undefined> {
  try {
    const known = await knownSessions(ports, session);
    const others = known.filter(
      (state) => state.session.id !== session.id && state.session.membershipId === session.membershipId,
    );
    return membershipEnd(session, others.map(liveSession));
  } catch (error) {
    if (ports.now() < epoch(session.expiresAt) + patienceMs) throw error;
    ports.log(`The archive does not answer; ${session.id} is ended without it: ${messageOf(error)}`);
    return undefined;
  }
}

/** Refuses what was issued, and says until when. */
async function cutTail(
  ports: Ports,
  session: Session,
  cut: PlannedCut | undefined,
): Promise<Pick<TakenAway, 'tail' | 'until'>> {
  if (cut === undefined) return { tail: 'none' };
  try {
    await ports.production.cutTail(cut.account, cut.tail);
    return { tail: 'cut', until: iso(cut.tail.at) };
  } catch (error) {
    ports.log(`The credentials of ${session.id} are not refused yet: ${messageOf(error)}`);
    return { tail: 'failed' };
  }
}

const emergencyMinutes = ({ policy }: Ports, { roleArn }: Session): number =>
  (roleArn === undefined ? undefined : findEmergencyRole(policy, roleArn)?.maximumMinutes) ?? 0;

async function endShells(
  ports: Ports,
  session: Session,
  isTheirs: ((ownerArn: string) => boolean) | undefined,
  sparedSince = Number.POSITIVE_INFINITY,
) {
  const account = accountOf(ports, session);
  if (account === undefined || isTheirs === undefined) return { terminated: 0, remaining: 0 };
  try {
    return await ports.production.endShells(
      account,
      (ownerArn, startedAt = 0) => startedAt < sparedSince && isTheirs(ownerArn),
    );
  } catch (error) {
    ports.log(`The shells of ${session.id} could not be listed: ${messageOf(error)}`);
    // Not known how many: one is enough to try again.
    return { terminated: 0, remaining: 1 };
  }
}

/** Whose shells are this session's, by the ARN that opened them: of an emergency role, the one that AWS answered. */
function ownerTest(session: Session, owner: string | undefined, userName: string | undefined) {
  if (session.roleArn !== undefined)
    return owner === undefined ? undefined : (candidate: string) => candidate === owner;
  if (session.permissionSet === undefined || userName === undefined) return undefined;
  const begin = `:assumed-role/AWSReservedSSO_${session.permissionSet}_`;
  return (candidate: string) => candidate.includes(begin) && candidate.endsWith(`/${userName}`);
}

const accountOf = ({ policy }: Ports, { account, groupId }: Session): string | undefined =>
  account ?? policy.grants.find((grant) => grant.groupId === groupId)?.account;

/** What the person wrote of themselves is not believed. */
async function nameOf({ people, log }: Ports, { userId }: Session): Promise<string | undefined> {
  if (userId === undefined) return undefined;
  try {
    return await people.userName(userId);
  } catch (error) {
    log(`The name of ${userId} is not known: ${messageOf(error)}`);
    return undefined;
  }
}

const iso = (at: number): string => new Date(at).toISOString();
const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
