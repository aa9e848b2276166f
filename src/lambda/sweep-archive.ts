import { endOf, settleMinutes } from '../breakglass/protocol/deadlines.ts';
import type { SessionId } from '../breakglass/protocol/ids.ts';
import { parseFileKey, parseRecordKey } from '../breakglass/protocol/keys.ts';
import { readChain } from './chain.ts';
import { firstIdAt, recentDays } from './intake.ts';
import { type Ports, tellingPrefix } from './ports.ts';
import { findEndPaper } from './record-end.ts';
import { isLive, liveSession, type SessionState, stateOf } from './session-state.ts';

/** Sealed as a whole, as far as this instance has seen: not read again. A new instance reads them once. */
const sealedOf = new WeakMap<Ports['archive'], Set<SessionId>>();

/** How long after the end a workflow may take before another is put beside it. */
const patienceMs = 10 * 60_000;

/**
 * Sessions that are not sealed. What removed a membership and then failed to refuse credentials, or to seal, is found here:
 * a membership that is gone tells nothing any more.
 */
export async function sweepArchive(ports: Ports): Promise<readonly string[]> {
  const found: string[] = [];
  const failures: unknown[] = [];
  const running = (await ports.workflow.running()).filter((name) => !name.startsWith(tellingPrefix));
  for (const { id, hasLate } of await recentSessions(ports)) {
    try {
      if (sealedIn(ports).has(id) && !hasLate) continue;
      const state = stateOf(await readChain(ports.archive, id));
      if (state === undefined) continue;
      if (state.sealed === 'whole') sealedIn(ports).add(id);
      const resumed =
        state.sealed === 'whole'
          ? hasLate && (await resume(ports, id))
          : await sweepSession(ports, id, state, running);
      if (resumed) found.push(`resumed ${id}`);
    } catch (error) {
      // One that was tampered with must not hide the others.
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
  return found;
}

async function sweepSession(
  ports: Ports,
  id: SessionId,
  state: SessionState,
  running: readonly string[],
): Promise<boolean> {
  const now = ports.now();
  if (isLive(state, now)) {
    if (!(await endedUnseen(ports, state))) return false;
    return ports.workflow.start(`E-${id}`, { trigger: 'end', session: id });
  }
  const end = endOf(liveSession(state));
  const due = state.revoked ? end + settleMinutes * 60_000 + patienceMs : end + patienceMs / 2;
  if (now < due) return false;
  // What runs goes on by itself, and knows when it took away.
  const { membershipId } = state.session;
  const names = membershipId === undefined ? [id] : [id, membershipId];
  if (running.some((name) => names.some((part) => name.includes(part)))) return false;
  return resume(ports, id);
}

/** Once an hour: what goes on for longer is tried again, and not doubled in between. */
function resume({ workflow, now }: Ports, id: SessionId): Promise<boolean> {
  return workflow.start(`X-${id}-${Math.floor(now() / 3_600_000)}`, { trigger: 'resume', session: id });
}

/** There is a paper that ends it, or its person is out of the group already: the event of it was lost. */
async function endedUnseen(ports: Ports, { session }: SessionState): Promise<boolean> {
  const { userId, groupId, membershipId } = session;
  if ((await findEndPaper(ports, session)) !== undefined) return true;
  if (userId === undefined || groupId === undefined) return false;
  return (await ports.people.findMembership(groupId, userId)) !== membershipId;
}

/**
 * Requests' ids sort by time; of the others there are few. `hasLate`: files came after its last record, so many that not each
 * of them was followed by a seal.
 */
async function recentSessions(ports: Ports) {
  const { archive, now } = ports;
  const oldest = now() - recentDays * 86_400_000;
  const listed = [
    ...(await archive.list('sessions/BG-', `sessions/${firstIdAt(oldest)}`)),
    ...(await archive.list('sessions/EV-')),
    ...(await archive.list('sessions/UN-')),
  ];
  const recorded = new Map<SessionId, number>();
  const filed = new Map<SessionId, number>();
  for (const { key, lastModified } of listed) {
    const [record, file] = [parseRecordKey(key), parseFileKey(key)];
    const [times, session] = record === undefined ? [filed, file?.session] : [recorded, record.session];
    if (session !== undefined && lastModified >= oldest)
      times.set(session, Math.max(lastModified, times.get(session) ?? 0));
  }
  return [...recorded].map(([id, at]) => ({ id, hasLate: (filed.get(id) ?? 0) > at }));
}

function sealedIn({ archive }: Ports): Set<SessionId> {
  const known = sealedOf.get(archive) ?? new Set();
  sealedOf.set(archive, known);
  return known;
}
