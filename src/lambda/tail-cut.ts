import type { Cut } from '../breakglass/protocol/boundary.ts';
import { isSessionId } from '../breakglass/protocol/ids.ts';
import { epoch, type Session } from '../breakglass/protocol/session.ts';
import { parseTime } from '../breakglass/protocol/trail-event.ts';
import { readChain } from './chain.ts';
import { planEmergencyCut } from './emergency-cut.ts';
import { knownSessions } from './known-sessions.ts';
import type { Ports, TailCut } from './ports.ts';
import { isLive } from './session-state.ts';

/** So long Identity Center's portal may go on issuing after somebody was taken out of a group. */
const portalGraceMs = 60_000;

export interface PlannedCut {
  readonly account: string;
  readonly tail: TailCut;
  /** What began from then on, epoch milliseconds, is another grant's. */
  readonly sparedSince?: number;
}

/** What the boundary is to say. */
export function cutsOf({ userId, userName, at, permissionSet, assumedOnly }: TailCut): readonly Cut[] {
  const only =
    assumedOnly === true
      ? ({ only: 'assumed' } as const)
      : permissionSet === undefined
        ? {}
        : { only: { issuedBy: permissionSet } };
  return [{ who: userId, at, ...only }, ...(userName === undefined ? [] : [{ who: userName, at }])];
}

/**
 * What ends with a session.
 *
 * Of a grant that is what its permission set issued to the person, and what was assumed from there, which has their name. All
 * of it until now: the end may be known late, and what was issued meanwhile is to go too. But where the person has got
 * the same permission set by another grant, what was issued since then is that grant's, whose end cuts it: only
 * what is older goes. Of tier 0 and 3, what was assumed in the names that they state.
 *
 * Where nobody sanctioned it nothing is spared: all of the person; of an emergency, whose own word on who it was is not
 * believed, everybody. Undefined: nothing is left to refuse, or it is not known of whom.
 */
export async function planTailCut(
  ports: Ports,
  session: Session,
  who: { readonly account: string | undefined; readonly userName: string | undefined; readonly now: number },
): Promise<PlannedCut | undefined> {
  const { account, userName, now } = who;
  const { sanctioned, userId, permissionSet } = session;
  if (account === undefined) return undefined;
  if (session.roleArn !== undefined) {
    return planEmergencyCut(ports, session, account, now);
  }
  if (userId === undefined) return undefined;
  const all: TailCut = { userId, at: now, ...(userName === undefined ? {} : { userName }) };
  if (!sanctioned || permissionSet === undefined) return { account, tail: all };
  const since = await sameSince(ports, session, { account, userId, permissionSet }, now).catch(
    (error: unknown) => {
      ports.log(`All that ${session.id} issued is refused: ${String(error)}`);
      return undefined;
    },
  );
  if (since === undefined || since >= now) return { account, tail: { ...all, permissionSet } };
  return { account, tail: { ...all, at: since, permissionSet }, sparedSince: since };
}

/** Until when credentials can't be those of another grant of the same permission set; undefined: there is none. */
async function sameSince(
  ports: Ports,
  { id, membershipId }: Session,
  of: { readonly account: string; readonly userId: string; readonly permissionSet: string },
  now: number,
): Promise<number | undefined> {
  const { userId } = of;
  const since: number[] = [];
  for (const { groupId, account, permissionSet } of ports.policy.grants) {
    if (account !== of.account || permissionSet !== of.permissionSet) continue;
    const other = await ports.people.findMembership(groupId, userId);
    if (other === undefined || other === membershipId) continue;
    const opened = (await knownSessions(ports, { groupId, userId, membershipId: other })).flatMap((state) =>
      state.session.membershipId === other && isLive(state, now) ? [epoch(state.session.openedAt)] : [],
    );
    // CloudTrail's times are whole seconds, and new keys may be of the first one.
    if (opened.length > 0) since.push(Math.min(...opened) - 1_000);
    else {
      // The event of it is still to come: what was issued soon after the end counts as the old grant's.
      const removed = await removedAt(ports, id);
      if (removed !== undefined) since.push(removed + portalGraceMs);
    }
  }
  return since.length === 0 ? undefined : Math.min(...since);
}

/** When somebody took the membership away, by AWS's clock; undefined: the revoker did, or nobody knows. */
async function removedAt({ archive }: Ports, id: string): Promise<number | undefined> {
  if (!isSessionId(id)) return undefined;
  const { records } = await readChain(archive, id);
  const end = records.find(({ kind }) => kind === 'end');
  return end?.kind === 'end' ? parseTime(end.body.event?.eventTime) : undefined;
}
