import { ForgeError } from '../../errors.ts';
import type { Host } from '../../host.ts';
import type { RequestId } from '../protocol/ids.ts';
import { evidenceKey, evidencePrefix, parseEvidenceKey } from '../protocol/keys.ts';
import { collectEvidence } from './collect-evidence.ts';
import { type EvidenceState, loadEvidence, putAside, saveEvidence } from './evidence-state.ts';

/** What it is put into; one's own prefix of the intake. */
export interface EvidenceBucket {
  /** False: something is there. */
  putOnce(key: string, bytes: Uint8Array): Promise<boolean>;
  get(key: string): Promise<Uint8Array | undefined>;
  keys(prefix: string): Promise<readonly string[]>;
}

/** So many others may take a number at the same time. */
const mostCollisions = 20;

type DeliverHost = Pick<Host, 'directories' | 'platform' | 'userId' | 'now' | 'signal'>;

/**
 * Delivers all that there is by now, piece by piece, and answers how many. Whatever dies at any point, the next call goes
 * on: what is in a piece, and the number it is to have, is on the disk before it is sent, so that a piece whose answer was
 * lost is found under its number and not sent again. One at a time: the caller holds the lock.
 */
export async function deliverEvidence(
  host: DeliverHost,
  id: RequestId,
  bucketOf: (name: string) => Promise<EvidenceBucket | undefined>,
): Promise<number> {
  let state = await loadEvidence(host, id);
  let bucket: EvidenceBucket | undefined;
  for (let delivered = 0; state !== undefined; delivered++) {
    if (state.pending === undefined) {
      const collected = collectEvidence(host, state);
      if (collected.pending === undefined) {
        await rest(host, state, collected);
        return delivered;
      }
      await saveEvidence(host, collected);
      state = collected;
    }
    host.signal.throwIfAborted();
    bucket ??= await bucketOf(state.bucket);
    // It belongs to another organisation's configuration, and waits for a command that has it.
    if (bucket === undefined) return delivered;
    state = await send(host, bucket, state);
  }
  return 0;
}

/** Nothing is left for now. */
async function rest(
  host: DeliverHost,
  before: EvidenceState,
  { journal, lookUntil, ...after }: EvidenceState,
) {
  const { id } = before;
  // What was looked through and is of others is not looked through again.
  const moved = journal.file !== before.journal.file || journal.offset !== before.journal.offset;
  if (moved) await saveEvidence(host, { ...after, journal, lookUntil });
  if (host.now() > lookUntil) putAside(host, id);
}

async function send(
  host: DeliverHost,
  bucket: EvidenceBucket,
  planned: EvidenceState,
): Promise<EvidenceState> {
  const { id, userId, pending = '' } = planned;
  const bytes = Buffer.from(pending);
  let state = planned;
  for (let attempt = 0; attempt < mostCollisions; attempt++) {
    const key = evidenceKey(userId, id, state.number);
    if ((await bucket.putOnce(key, bytes)) || isSame(await bucket.get(key), bytes)) {
      const { number, piece } = state;
      state = { ...state, number: number + 1, piece: piece + 1, pending: undefined };
      await saveEvidence(host, state);
      return state;
    }
    // Another machine has that number. The new one is on the disk first: its answer can be lost, too.
    state = { ...state, number: await freeNumber(bucket, evidencePrefix(userId, id), state.number) };
    await saveEvidence(host, state);
  }
  throw new ForgeError('failed', `Others keep delivering evidence of ${id}.`, {
    code: 'EVIDENCE_CONTESTED',
    hint: 'It is delivered by the next forge breakglass command.',
  });
}

const isSame = (found: Uint8Array | undefined, bytes: Buffer): boolean =>
  found !== undefined && bytes.equals(found);

async function freeNumber(bucket: EvidenceBucket, prefix: string, taken: number): Promise<number> {
  const numbers = (await bucket.keys(prefix)).flatMap((key) => parseEvidenceKey(key)?.number ?? []);
  return Math.max(taken, ...numbers) + 1;
}
