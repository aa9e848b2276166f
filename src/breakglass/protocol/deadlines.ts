import { isoSeconds } from '../../lib/iso-seconds.ts';
import type { GrantPolicy, Policy, TierPolicy } from './policy.ts';
import { epoch, type Session } from './session.ts';

/** Longest between a session's end and its seal: issued credentials live on, and CloudTrail is late. */
export const settleMinutes = 20;
/** A session that is not sealed so long after its end is a finding. */
export const sealWithinMinutes = 24 * 60;
/** Access must be taken away within so long of its end. */
export const revokeWithinMinutes = 5;

const minute = 60_000;

/**
 * When access that began at `openedAt` (epoch milliseconds) ends: after the smallest of all the minutes, whoever
 * names them. Whole seconds, rounded down, as records and workflows write times.
 */
export function expiresAt(openedAt: number, minutes: number, ...caps: readonly number[]): number {
  const end = openedAt + Math.min(minutes, ...caps) * minute;
  return Math.floor(end / 1_000) * 1_000;
}

/** `expiresAt` as a record has it. */
export const expiryText = (openedAt: number, minutes: number, ...caps: readonly number[]): string =>
  isoSeconds(expiresAt(openedAt, minutes, ...caps));

/** Longest that can be asked for: the smaller of the tier's and the scenario's. */
export const longestFor = (tier: TierPolicy, grant: GrantPolicy): number =>
  Math.min(tier.maximumMinutes, grant.maximumMinutes);

/** When an unanswered request lapses. `lastModified`: when the bucket got it. Epoch milliseconds. */
export const lapsesAt = (lastModified: number, policy: Pick<Policy, 'requestLifeMinutes'>): number =>
  lastModified + policy.requestLifeMinutes * minute;

export const hasLapsed = (
  lastModified: number,
  policy: Pick<Policy, 'requestLifeMinutes'>,
  now: number,
): boolean => now > lapsesAt(lastModified, policy);

/** A session with what came to be known of it later. */
export interface LiveSession {
  readonly session: Session;
  /** Epoch milliseconds at which it was ended before its time (by its person, an approver, an admin). */
  readonly endedAt?: number | undefined;
}

/** When a session really ends, epoch milliseconds. */
export function endOf({ session, endedAt }: LiveSession): number {
  const expiry = epoch(session.expiresAt);
  return endedAt === undefined ? expiry : Math.min(expiry, endedAt);
}

/**
 * When a membership is to be removed: at the latest end of the sanctioned sessions that share it. Undefined when
 * there is none: then nobody asked for it, and it is to be removed now.
 */
export function membershipEnd(
  membership: { readonly groupId: string; readonly userId: string },
  sessions: Iterable<LiveSession>,
): number | undefined {
  let latest: number | undefined;
  for (const live of sessions) {
    const { sanctioned, groupId, userId } = live.session;
    if (!sanctioned || groupId !== membership.groupId || userId !== membership.userId) continue;
    latest = Math.max(latest ?? 0, endOf(live));
  }
  return latest;
}

/** Whether a membership is over: nothing sanctioned, or all of it ended. */
export function mayRemove(
  membership: { readonly groupId: string; readonly userId: string },
  sessions: Iterable<LiveSession>,
  now: number,
): boolean {
  const end = membershipEnd(membership, sessions);
  return end === undefined || end <= now;
}

/** Until when credentials that were issued before `end` can work, unless their tail is cut. Epoch milliseconds. */
export const credentialsOutlive = (end: number, policy: Pick<Policy, 'credentialMinutes'>): number =>
  end + policy.credentialMinutes * minute;
