import { isRequestId, type SessionId } from '../breakglass/protocol/ids.ts';
import { parseRecordKey } from '../breakglass/protocol/keys.ts';
import type { Session } from '../breakglass/protocol/session.ts';
import { readChain } from './chain.ts';
import { recentDays } from './intake.ts';
import type { Ports } from './ports.ts';
import { stateOf } from './session-state.ts';

/**
 * The session that a person's forge means by `id`: its own name, or the one under which the emergency is recorded that it
 * named so. Undefined: nothing of the kind is known yet, or it is another person's.
 */
export async function findClientSession(
  ports: Pick<Ports, 'archive' | 'now' | 'people'>,
  id: SessionId,
  userId: string,
): Promise<SessionId | undefined> {
  const own = stateOf(await readChain(ports.archive, id));
  // An emergency that was named has its evidence under that name alone: of two names with one number one would hide the other.
  if (own !== undefined)
    return own.session.userId === userId && (own.session.clientId ?? id) === id ? id : undefined;
  if (!isRequestId(id)) return undefined;
  for (const emergency of await recentEmergencies(ports)) {
    const session = stateOf(await readChain(ports.archive, emergency))?.session;
    // Its tags are whatever its user said they are: a name alone gives nobody another's evidence.
    if (session?.clientId === id && (await isTheirs(ports, session, userId))) return emergency;
  }
  return undefined;
}

/**
 * Tier 3 was opened without Identity Center, and knows no id: only two names. The first is whoever was at the keyboard, with
 * or without the domain, and whose forge delivers.
 */
export async function isTheirs(
  { people }: Pick<Ports, 'people'>,
  session: Session,
  userId: string,
): Promise<boolean> {
  if (session.tier !== 3 || session.userId !== undefined) return session.userId === userId;
  const [first = ''] = (session.userName ?? '').toLowerCase().split('+');
  const own = (await people.userName(userId))?.toLowerCase();
  return first !== '' && (own === first || own?.split('@')[0] === first);
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
