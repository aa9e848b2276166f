import { isRequestId, type SessionId } from '../breakglass/protocol/ids.ts';
import { parseRecordKey } from '../breakglass/protocol/keys.ts';
import { readChain } from './chain.ts';
import { recentDays } from './intake.ts';
import type { Ports } from './ports.ts';
import { stateOf } from './session-state.ts';

/**
 * The session that a person's forge means by `id`: its own name, or the one under which the emergency is recorded that it
 * named so. Undefined: nothing of the kind is known yet, or it is another person's.
 */
export async function findClientSession(
  ports: Pick<Ports, 'archive' | 'now'>,
  id: SessionId,
  userId: string,
): Promise<SessionId | undefined> {
  const own = stateOf(await readChain(ports.archive, id));
  if (own !== undefined) return own.session.userId === userId ? id : undefined;
  if (!isRequestId(id)) return undefined;
  for (const emergency of await recentEmergencies(ports)) {
    const session = stateOf(await readChain(ports.archive, emergency))?.session;
    // Its tags are whatever its user said they are: a name alone gives nobody another's evidence.
    if (session?.clientId === id && session.userId === userId) return emergency;
  }
  return undefined;
}

/** Emergencies are few; the newest first. */
async function recentEmergencies({ archive, now }: Pick<Ports, 'archive' | 'now'>) {
  const oldest = now() - recentDays * 86_400_000;
  const first = new Map<SessionId, number>();
  for (const { key, lastModified } of await archive.list('sessions/EV-')) {
    const place = parseRecordKey(key);
    if (place?.seq === 0 && lastModified >= oldest) first.set(place.session, lastModified);
  }
  return [...first].sort(([, a], [, b]) => b - a).map(([id]) => id);
}
