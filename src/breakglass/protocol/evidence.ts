import { parseJsonObject } from '../../lib/json-object.ts';

/**
 * A piece of evidence: what a person's own forge says was done in a session. One object of the intake, JSON lines:
 *
 *     {"v":1,"type":"evidence","session":"BG-…","writer":"<12 hex digits>","piece":0}
 *     {"v":1,"type":"part","of":"journal","lines":2}
 *     <2 lines as the journal has them, with their hashes>
 *     {"v":1,"type":"part","of":"shell-….cast","offset":0,"lines":40}
 *     <40 lines as the stream file has them, from that byte on>
 *
 * Each machine that a session is used on is a writer of its own and counts its pieces from 0: a piece that is missing
 * shows, whoever else had the numbers of the keys between them.
 */
export interface EvidencePiece {
  readonly session: string;
  readonly writer: string;
  readonly piece: number;
  readonly parts: readonly EvidencePart[];
}

export interface EvidencePart {
  /** `journal`, or the name of a stream file. */
  readonly of: string;
  /** Of a stream: bytes of it before these lines. */
  readonly offset: number | undefined;
  readonly lines: readonly string[];
}

export const journalPart = 'journal';

/** Bytes of the largest piece that is kept. forge writes 256 KiB. */
export const evidencePieceBytes = 1024 * 1024;

export function encodeEvidence({ session, writer, piece, parts }: EvidencePiece): string {
  const lines = [JSON.stringify({ v: 1, type: 'evidence', session, writer, piece })];
  for (const { of, offset, lines: own } of parts)
    lines.push(JSON.stringify({ v: 1, type: 'part', of, offset, lines: own.length }), ...own);
  return `${lines.join('\n')}\n`;
}

/** Undefined: these bytes are none, or not whole. Anybody can have written them. */
export function parseEvidence(text: string): EvidencePiece | undefined {
  const [first = '', ...rest] = text.split('\n');
  const { v, type, session, writer, piece } = parseJsonObject(first) ?? {};
  if (v !== 1 || type !== 'evidence' || typeof session !== 'string' || typeof writer !== 'string')
    return undefined;
  if (!/^[0-9a-f]{12}$/.test(writer) || !isCount(piece) || rest.pop() !== '') return undefined;
  const parts: EvidencePart[] = [];
  for (let at = 0; at < rest.length; ) {
    const head = parseJsonObject(rest[at] ?? '') ?? {};
    const { of, offset, lines: count } = head;
    if (head.v !== 1 || head.type !== 'part' || typeof of !== 'string' || !isCount(count)) return undefined;
    if (offset !== undefined && !isCount(offset)) return undefined;
    const lines = rest.slice(at + 1, at + 1 + count);
    if (lines.length !== count) return undefined;
    parts.push({ of, offset, lines });
    at += 1 + count;
  }
  return { session, writer, piece, parts };
}

/** Pieces of each writer that are not there although later ones are. */
export function missingPieces(
  pieces: readonly Pick<EvidencePiece, 'writer' | 'piece'>[],
): readonly Pick<EvidencePiece, 'writer' | 'piece'>[] {
  const byWriter = new Map<string, Set<number>>();
  for (const { writer, piece } of pieces) {
    const seen = byWriter.get(writer) ?? new Set();
    byWriter.set(writer, seen.add(piece));
  }
  return [...byWriter].flatMap(([writer, seen]) => {
    const last = Math.max(...seen);
    // A number that somebody made up must not make a list without end.
    const missing: { readonly writer: string; readonly piece: number }[] = [];
    for (let piece = 0; piece < last && missing.length < 100; piece++)
      if (!seen.has(piece)) missing.push({ writer, piece });
    return missing;
  });
}

const isCount = (value: unknown): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
