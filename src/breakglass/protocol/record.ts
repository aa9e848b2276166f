import * as v from 'valibot';
import { ForgeError } from '../../errors.ts';
import { type Parsed, parseDocument, sha256 } from './document.ts';
import { hash, sessionId, strict, time, wholeNumber } from './document-parts.ts';
import type { SessionId } from './ids.ts';
import { recordKey } from './keys.ts';
import { type Bodies, bodies, type RecordKind } from './record-bodies.ts';

/** `prev` of a chain's first link. */
export const noPrevious = '0'.repeat(64);

/** Largest record: a request, dozens of decisions and an event, each as large as it can be. */
export const recordBytes = 2 * 1024 * 1024;

const envelope = <const Kind extends RecordKind>(kind: Kind) =>
  strict({
    v: v.literal(1, '1'),
    session: sessionId,
    seq: wholeNumber(0, 999_999),
    prev: hash,
    at: time,
    kind: v.literal(kind, `"${kind}"`),
    body: bodies[kind],
  });

const record = v.variant(
  'kind',
  [
    envelope('open'),
    envelope('grant'),
    envelope('use'),
    envelope('end'),
    envelope('revoke'),
    envelope('stuck'),
    envelope('evidence'),
    envelope('export'),
    envelope('seal'),
  ],
  'a known kind of record',
);

/**
 * `sessions/<session>/<seq>.json`, version 1. `prev` is the SHA-256 of the exact bytes of the record before: what is
 * hashed is what is stored, nothing is put in order first.
 */
export type ArchiveRecord = Readonly<v.InferOutput<typeof record>>;

/** Any bytes: a record, or why they are none. */
export const parseRecord = (bytes: Uint8Array): Parsed<ArchiveRecord> =>
  parseDocument(record, bytes, recordBytes);

/** What a record is about, before it has its place in the chain. `at` in epoch milliseconds. */
export type RecordEntry = {
  readonly [Kind in RecordKind]: { readonly kind: Kind; readonly at: number; readonly body: Bodies[Kind] };
}[RecordKind];

export interface EncodedRecord {
  readonly key: string;
  readonly seq: number;
  readonly bytes: Uint8Array;
  readonly sha256: string;
}

/**
 * The record that follows `previous` (its exact bytes; undefined: none yet), to be put with `If-None-Match: *` at
 * `key`. When another has taken that place: read it, and encode once more after it.
 */
export function encodeRecord(
  session: SessionId,
  previous: Uint8Array | undefined,
  entry: RecordEntry,
): EncodedRecord {
  const before = previous && parseRecord(previous);
  if (before?.ok === false) throw broken(`the record before it can't be read: ${before.problem}`);
  if (before !== undefined && before.value.session !== session)
    throw broken('the record before it is another session’s');
  if ((before === undefined) !== (entry.kind === 'open')) throw broken('a chain begins with open, once');
  const seq = before === undefined ? 0 : before.value.seq + 1;
  const prev = previous === undefined ? noPrevious : sha256(previous);
  const result = v.safeParse(
    record,
    { v: 1, session, seq, prev, at: new Date(entry.at).toISOString(), kind: entry.kind, body: entry.body },
    { abortEarly: true },
  );
  if (!result.success)
    throw broken(`${v.getDotPath(result.issues[0]) ?? 'it'} must be ${result.issues[0].message}`);
  const bytes = new TextEncoder().encode(JSON.stringify(result.output));
  if (bytes.length > recordBytes) throw broken(`it would have ${bytes.length} bytes`);
  return { key: recordKey(session, seq), seq, bytes, sha256: sha256(bytes) };
}

const broken = (why: string): ForgeError =>
  new ForgeError('failed', `This record can't be written: ${why}.`, { code: 'INVALID_RECORD' });
