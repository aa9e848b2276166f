import { documentBytes, type StoredObject } from '../breakglass/protocol/document.ts';
import { parseEnd } from '../breakglass/protocol/end.ts';
import { isSessionId, type SessionId } from '../breakglass/protocol/ids.ts';
import { endKey, killPrefix, parseKillKey } from '../breakglass/protocol/keys.ts';
import { parseKill } from '../breakglass/protocol/kill.ts';
import { type Bodies, copyOf } from '../breakglass/protocol/record-bodies.ts';
import type { Session } from '../breakglass/protocol/session.ts';
import type { JsonObject } from '../lib/json-object.ts';
import { appendRecord, type Chain, readChain } from './chain.ts';
import type { Ports } from './ports.ts';
import { stateOf } from './session-state.ts';

type Recording = Pick<Ports, 'intake' | 'archive' | 'now'>;

/**
 * Records that a session's own person asked for its end, or that an approver stopped it, if they did: the bucket's key
 * says who wrote it, not the paper.
 */
export async function recordEnd(ports: Recording, id: SessionId): Promise<Chain> {
  const chain = await readChain(ports.archive, id);
  const state = stateOf(chain);
  if (state === undefined || isEnded(chain)) return chain;
  const paper = await findEndPaper(ports.intake, state.session);
  return paper === undefined ? chain : append(ports, id, { request: copyOf(paper) });
}

/** Records that somebody took the membership away. `event`: CloudTrail's own. */
export const recordRemoval = (ports: Recording, id: SessionId, event: JsonObject): Promise<Chain> =>
  append(ports, id, { event });

/** The paper that ends a session before its time: its person's, else the first of those who may stop anybody. */
export async function findEndPaper(
  intake: Ports['intake'],
  { id, userId }: Pick<Session, 'id' | 'userId'>,
): Promise<StoredObject | undefined> {
  if (!isSessionId(id)) return undefined;
  const own = userId === undefined ? undefined : await intake.get(endKey(userId, id), documentBytes);
  const end = own && parseEnd(own.bytes);
  if (end?.ok === true && end.value.sessionId === id) return own;
  for (const { key } of await intake.list(killPrefix(id))) {
    const place = parseKillKey(key);
    if (place?.id !== id) continue;
    const stored = await intake.get(key, documentBytes);
    const kill = stored && parseKill(stored.bytes);
    if (kill?.ok !== true || kill.value.sessionId !== id || kill.value.by.userId !== place.killerId) continue;
    return stored;
  }
  return undefined;
}

const isEnded = ({ records }: Chain): boolean =>
  records.some(({ kind }) => kind === 'end' || kind === 'seal');

function append({ archive, now }: Recording, id: SessionId, body: Bodies['end']): Promise<Chain> {
  return appendRecord(archive, id, (chain) =>
    isEnded(chain) || chain.records.length === 0 ? undefined : { kind: 'end', at: now(), body },
  );
}
