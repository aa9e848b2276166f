import { documentBytes, type StoredObject } from '../breakglass/protocol/document.ts';
import { parseEnd } from '../breakglass/protocol/end.ts';
import { isSessionId, type SessionId } from '../breakglass/protocol/ids.ts';
import { endKey, killPrefix, parseEndKey, parseKillKey } from '../breakglass/protocol/keys.ts';
import { parseKill } from '../breakglass/protocol/kill.ts';
import { type Bodies, copyOf } from '../breakglass/protocol/record-bodies.ts';
import type { Session } from '../breakglass/protocol/session.ts';
import type { JsonObject } from '../lib/json-object.ts';
import { appendRecord, type Chain, readChain } from './chain.ts';
import { isTheirs } from './find-client-session.ts';
import type { Ports } from './ports.ts';
import { stateOf } from './session-state.ts';

type Recording = Pick<Ports, 'intake' | 'archive' | 'people' | 'now'>;
type Reading = Pick<Ports, 'intake' | 'people'>;

/**
 * Records that a session's own person asked for its end, or that an approver stopped it, if they did: the bucket's key
 * says who wrote it, not the paper. `writer`: whoever has just written one, for a session of which AWS knows no id.
 */
export async function recordEnd(ports: Recording, id: SessionId, writer?: string): Promise<Chain> {
  const chain = await readChain(ports.archive, id);
  const state = stateOf(chain);
  if (state === undefined || isEnded(chain)) return chain;
  const paper = await findEndPaper(ports, state.session, writer);
  return paper === undefined ? chain : append(ports, id, { request: copyOf(paper) });
}

/** Records that somebody took the membership away. `event`: CloudTrail's own. */
export const recordRemoval = (ports: Recording, id: SessionId, event: JsonObject): Promise<Chain> =>
  append(ports, id, { event });

/**
 * The paper that ends a session before its time: its person's, else the first of those who may stop anybody. An emergency's
 * own person has it under the name that their forge gave it, for CloudTrail's is not known there.
 */
export async function findEndPaper(
  ports: Reading,
  session: Session,
  writer?: string,
): Promise<StoredObject | undefined> {
  const { id } = session;
  if (!isSessionId(id)) return undefined;
  for (const key of await ownEndKeys(ports, session, writer)) {
    const own = await ports.intake.get(key, documentBytes);
    const end = own && parseEnd(own.bytes);
    if (end?.ok === true && end.value.sessionId === parseEndKey(key)?.id) return own;
  }
  for (const { key } of await ports.intake.list(killPrefix(id))) {
    const place = parseKillKey(key);
    if (place?.id !== id) continue;
    const stored = await ports.intake.get(key, documentBytes);
    const kill = stored && parseKill(stored.bytes);
    if (kill?.ok !== true || kill.value.sessionId !== id || kill.value.by.userId !== place.killerId) continue;
    return stored;
  }
  return undefined;
}

/** Where its own person says that it is over. */
async function ownEndKeys(
  { intake, people }: Reading,
  session: Session,
  writer: string | undefined,
): Promise<readonly string[]> {
  const { id, clientId, userId, tier } = session;
  const names = [id, clientId].filter((name) => name !== undefined).filter(isSessionId);
  if (userId !== undefined) return names.map((name) => endKey(userId, name));
  if (tier !== 3 || clientId === undefined) return [];
  // AWS knows no id of whoever opened tier 3, only names; where the event is lost, all folders are looked through.
  const places =
    writer === undefined
      ? (await intake.list('ends/')).flatMap(({ key }) => parseEndKey(key) ?? [])
      : names.map((name) => ({ userId: writer, id: name }));
  const keys: string[] = [];
  for (const place of places)
    if (names.includes(place.id) && (await isTheirs({ people }, session, place.userId)))
      keys.push(endKey(place.userId, place.id));
  return keys;
}

const isEnded = ({ records }: Chain): boolean =>
  records.some(({ kind }) => kind === 'end' || kind === 'seal');

function append({ archive, now }: Recording, id: SessionId, body: Bodies['end']): Promise<Chain> {
  return appendRecord(archive, id, (chain) =>
    isEnded(chain) || chain.records.length === 0 ? undefined : { kind: 'end', at: now(), body },
  );
}
