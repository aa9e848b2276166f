import { isRequestId, type SessionId } from '../breakglass/protocol/ids.ts';
import { parseRecordKey } from '../breakglass/protocol/keys.ts';
import type { Session } from '../breakglass/protocol/session.ts';
import { readChain } from './chain.ts';
import { recentDays, requestTime } from './intake.ts';
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
  for (const emergency of await emergenciesAbout(ports, requestTime(id))) {
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

/** So many are read at most: under names that nobody has, anybody may deliver as much as they like. */
const mostRead = 20;

/**
 * Emergencies of the last days, those that began nearest to when the name was made first: the clock of whoever made it
 * is usually right, and where it is not, emergencies are few.
 */
export async function emergenciesAbout({ archive, now }: Pick<Ports, 'archive' | 'now'>, about: number) {
  const oldest = now() - recentDays * 86_400_000;
  const first = new Map<SessionId, number>();
  for (const { key, lastModified } of await archive.list('sessions/EV-')) {
    const place = parseRecordKey(key);
    if (place?.seq === 0 && lastModified >= oldest) first.set(place.session, Math.abs(lastModified - about));
  }
  return [...first]
    .sort(([, a], [, b]) => a - b)
    .slice(0, mostRead)
    .map(([id]) => id);
}
