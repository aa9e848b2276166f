import { membershipEnd } from '../breakglass/protocol/deadlines.ts';
import { membershipFromEvent } from '../breakglass/protocol/membership.ts';
import { findEmergencyRole } from '../breakglass/protocol/policy.ts';
import { epoch, type Session } from '../breakglass/protocol/session.ts';
import { knownSessions } from './known-sessions.ts';
import type { Member, Ports } from './ports.ts';
import { liveSession } from './session-state.ts';

/** What was taken away so far, as records have it. */
export interface TakenAway {
  readonly membership: 'removed' | 'gone' | 'shared' | 'none';
  readonly tail: 'cut' | 'failed' | 'none';
  readonly terminated: number;
  readonly remaining: number;
  /** When the access was away: ISO 8601. */
  readonly at: string;
  /** Something is left that another try can end. */
  readonly again: boolean;
  /** Of the person, as the identity store has it: what CloudTrail calls them. */
  readonly userName?: string | undefined;
}

/**
 * Takes a session's access away: the membership first, unless it lasts for another session, then credentials that were
 * issued, then shells. Doing it twice does it once. Throws while the membership can't be removed; of the rest it
 * says what stayed, and `again` until nothing that was issued can still live.
 */
export async function takeAway(
  ports: Ports,
  session: Session,
  { before, owner }: { readonly before?: TakenAway | undefined; readonly owner?: string | undefined } = {},
): Promise<TakenAway> {
  const membership = await removeMembership(ports, session, before);
  const done = ports.now();
  const at = before === undefined || before.membership === 'shared' ? done : Date.parse(before.at);
  if (membership === 'shared') {
    return { membership, tail: 'none', terminated: 0, remaining: 0, at: iso(at), again: false };
  }
  const userName = await nameOf(ports, session);
  const tail = before?.tail === 'cut' ? 'cut' : await cutTail(ports, session, userName, done);
  const shells = await endShells(ports, session, ownerTest(session, owner, userName));
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
): Promise<TakenAway['membership']> {
  if (groupId === undefined || userId === undefined) return 'none';
  if (before?.membership === 'removed') return 'removed';
  if (sanctioned) {
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

/**
 * A grant's credentials carry the person's id, and what was assumed with them the person's name; an emergency's, the id as
 * SourceIdentity. Of an emergency that should not be, who it was is not believed: everybody's credentials in the account
 * are refused, and who may comes in anew.
 */
async function cutTail(
  ports: Ports,
  session: Session,
  userName: string | undefined,
  at: number,
): Promise<TakenAway['tail']> {
  const account = accountOf(ports, session);
  const emergency = session.roleArn !== undefined;
  // What ended when it was to has nothing left to refuse.
  if (emergency && session.sanctioned && at >= epoch(session.expiresAt)) return 'none';
  // Of tier 3 AWS knows both names, and no id: they are the SourceIdentity of all that came of it.
  const known = session.tier === 3 ? session.userName : session.userId;
  const userId = emergency && !session.sanctioned ? '*' : known;
  if (account === undefined || userId === undefined) return 'none';
  const named = userName === undefined || userId === '*' ? {} : { userName };
  try {
    await ports.production.cutTail(account, { userId, ...named, at });
    return 'cut';
  } catch (error) {
    ports.log(`The credentials of ${session.id} are not refused yet: ${messageOf(error)}`);
    return 'failed';
  }
}

const emergencyMinutes = ({ policy }: Ports, { roleArn }: Session): number =>
  (roleArn === undefined ? undefined : findEmergencyRole(policy, roleArn)?.maximumMinutes) ?? 0;

async function endShells(
  ports: Ports,
  session: Session,
  isTheirs: ((ownerArn: string) => boolean) | undefined,
) {
  const account = accountOf(ports, session);
  if (account === undefined || isTheirs === undefined) return { terminated: 0, remaining: 0 };
  try {
    return await ports.production.endShells(account, isTheirs);
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
