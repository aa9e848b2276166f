import { documentBytes } from '../breakglass/protocol/document.ts';
import { parseEnd } from '../breakglass/protocol/end.ts';
import type { SessionId } from '../breakglass/protocol/ids.ts';
import { endKey } from '../breakglass/protocol/keys.ts';
import { copyOf } from '../breakglass/protocol/record-bodies.ts';
import { appendRecord, type Chain, readChain } from './chain.ts';
import type { Ports } from './ports.ts';
import { stateOf } from './session-state.ts';

/**
 * Records that a session's own person asked for its end, if they did: the bucket's key says who wrote it, not the paper.
 */
export async function recordEnd(
  { intake, archive, now }: Pick<Ports, 'intake' | 'archive' | 'now'>,
  id: SessionId,
): Promise<Chain> {
  const chain = await readChain(archive, id);
  const userId = stateOf(chain)?.session.userId;
  if (userId === undefined) return chain;
  const stored = await intake.get(endKey(userId, id), documentBytes);
  const end = stored && parseEnd(stored.bytes);
  if (stored === undefined || end?.ok !== true || end.value.sessionId !== id) return chain;
  return appendRecord(archive, id, ({ records }) =>
    records.some(({ kind }) => kind === 'end' || kind === 'seal')
      ? undefined
      : { kind: 'end', at: now(), body: { request: copyOf(stored) } },
  );
}
