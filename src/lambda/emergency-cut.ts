import { isSessionId } from '../breakglass/protocol/ids.ts';
import { parseEndKey } from '../breakglass/protocol/keys.ts';
import { epoch, type Session } from '../breakglass/protocol/session.ts';
import { parseTime } from '../breakglass/protocol/trail-event.ts';
import { readChain } from './chain.ts';
import { emergenciesAbout } from './find-client-session.ts';
import type { Ports } from './ports.ts';
import { isLive, stateOf } from './session-state.ts';
import type { PlannedCut } from './tail-cut.ts';

/** Times of CloudTrail and of the bucket are whole seconds, and new keys may be of the first one. */
const secondMs = 1_000;

/**
 * What ends with a session of tier 0 or 3: what was assumed in the names that it states.
 *
 * Whoever was stopped loses all of it. But whose program ended may have broken the glass anew, in the next line of a script or
 * beside it, and in an emergency must not be put out of that: only what is older goes, and the end of the other one cuts the
 * rest. CloudTrail tells of the other one minutes later: what is newer than the end itself is never this one's.
 */
export async function planEmergencyCut(
  ports: Ports,
  session: Session,
  account: string,
  now: number,
): Promise<PlannedCut | undefined> {
  if (!session.sanctioned) return { account, tail: { userId: '*', at: now } };
  // What ended when it was to has nothing left to refuse.
  if (now >= epoch(session.expiresAt)) return undefined;
  // Of tier 3 AWS knows both names, and no id: they are the SourceIdentity of all that came of it.
  const userId = session.tier === 3 ? session.userName : session.userId;
  if (userId === undefined) return undefined;
  const ended = await ownEnd(ports, session);
  if (ended === undefined) return { account, tail: { userId, at: now, assumedOnly: true } };
  const others = await othersSince(ports, session, now);
  const at = Math.min(now, Math.max(epoch(session.openedAt), ended - secondMs), ...others);
  return { account, tail: { userId, at, assumedOnly: true }, sparedSince: at };
}

/** When its own person said that it is over, by the bucket's clock; undefined: nobody did, or somebody stopped it. */
async function ownEnd({ archive }: Ports, { id }: Session): Promise<number | undefined> {
  if (!isSessionId(id)) return undefined;
  const { records } = await readChain(archive, id);
  const end = records.find(({ kind }) => kind === 'end');
  const paper = end?.kind === 'end' ? end.body.request : undefined;
  return paper === undefined || parseEndKey(paper.key) === undefined
    ? undefined
    : parseTime(paper.lastModified);
}

/** Before when nothing was issued for another session of the same names that goes on. */
async function othersSince(ports: Ports, session: Session, now: number): Promise<readonly number[]> {
  const since: number[] = [];
  for (const id of await emergenciesAbout(ports, epoch(session.openedAt))) {
    if (id === session.id) continue;
    const state = stateOf(await readChain(ports.archive, id));
    if (state === undefined || !isLive(state, now)) continue;
    const other = state.session;
    const same =
      other.account === session.account &&
      other.userId === session.userId &&
      (session.userId !== undefined || other.userName === session.userName);
    if (same) since.push(epoch(other.openedAt) - secondMs);
  }
  return since;
}
