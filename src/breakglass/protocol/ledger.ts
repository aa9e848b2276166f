import * as v from 'valibot';
import { encodeDocument, type Parsed, parseDocument, sha256 } from './document.ts';
import { hash, sessionId, strict, time, wholeNumber } from './document-parts.ts';
import type { SessionId } from './ids.ts';
import { ledgerKey } from './keys.ts';
import { noPrevious } from './record.ts';

/**
 * `ledger/<thousands>/<seq>.json`, version 1: one chain over all sessions. Every seal gets an entry with the hash
 * of its bytes, so a session that is gone as a whole, or cut short, is missed. Each head is posted to Slack: a
 * witness outside AWS.
 */
const entry = strict({
  v: v.literal(1, '1'),
  kind: v.literal('ledger', '"ledger"'),
  seq: wholeNumber(0, 99_999_999),
  /** SHA-256 of the bytes of the entry before. */
  prev: hash,
  /** The seal's: everything in an entry follows from what it is about, so the newest can't be changed either. */
  at: time,
  session: sessionId,
  /** `seq` of the seal in its session. */
  record: wholeNumber(0, 999_999),
  /** SHA-256 of the seal's bytes. */
  sha256: hash,
});

export type LedgerEntry = Readonly<v.InferOutput<typeof entry>>;

/** Any bytes: an entry, or why they are none. */
export const parseLedgerEntry = (bytes: Uint8Array): Parsed<LedgerEntry> => parseDocument(entry, bytes);

/** The entry that follows `previous` (its exact bytes; undefined: none yet), to be put with `If-None-Match: *`. */
export function encodeLedgerEntry(
  previous: Uint8Array | undefined,
  sealed: {
    readonly session: SessionId;
    readonly record: number;
    readonly sha256: string;
    /** The seal's, epoch milliseconds. */
    readonly at: number;
  },
): { readonly key: string; readonly seq: number; readonly bytes: Uint8Array; readonly head: string } {
  const before = previous && parseLedgerEntry(previous);
  if (before?.ok === false) throw new RangeError(`The ledger's last entry can't be read: ${before.problem}.`);
  const seq = before === undefined ? 0 : before.value.seq + 1;
  const bytes = encodeDocument(entry, {
    v: 1,
    kind: 'ledger',
    seq,
    prev: previous === undefined ? noPrevious : sha256(previous),
    at: new Date(sealed.at).toISOString(),
    session: sealed.session,
    record: sealed.record,
    sha256: sealed.sha256,
  });
  return { key: ledgerKey(seq), seq, bytes, head: sha256(bytes) };
}
