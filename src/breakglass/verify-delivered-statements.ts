import { parseRecord } from '../audit/journal-record.ts';
import {
  type ClosedStream,
  closedStream,
  isStatementsName,
  statementsName,
} from '../audit/statement-stream.ts';
import { StatementChain } from '../audit/verify-statements.ts';
import { type EvidencePart, type EvidencePiece, journalPart } from './protocol/evidence.ts';
import { type Finding, type FindingCode, finding } from './protocol/findings.ts';
import type { SessionId } from './protocol/ids.ts';

/** A piece of evidence that is archived, as outlineEvidence leaves it. */
export interface OutlinedPiece {
  readonly key: string;
  readonly piece: EvidencePiece;
}

export interface DeliveredStatements {
  readonly id: SessionId;
  /** Until then the rest can be on its way. */
  readonly sealed: boolean;
  readonly pieces: readonly OutlinedPiece[];
  /** All of a piece, once more; undefined: it can't be read, which was found elsewhere. */
  readonly read: (key: string) => Promise<EvidencePiece | undefined>;
}

/**
 * Whether the statements of a session are what was recorded: each stream by its seals and by what the journal says of its end,
 * put together from its pieces. One piece at a time is in memory.
 */
export async function verifyDeliveredStatements(session: DeliveredStatements): Promise<readonly Finding[]> {
  const { id, sealed, read } = session;
  // A stream is one machine's, and that delivers its pieces one after the other.
  const pieces = [...session.pieces].sort(
    ({ piece: one }, { piece: other }) =>
      (one.writer < other.writer ? -1 : Number(one.writer > other.writer)) || one.piece - other.piece,
  );
  const ends = endsIn(pieces);
  const streams = new Map<string, DeliveredStream>();
  for (const { key, piece } of pieces) {
    if (!piece.parts.some(({ of }) => isStatementsName(of))) continue;
    for (const part of (await read(key))?.parts ?? []) {
      if (!isStatementsName(part.of)) continue;
      const stream = streams.get(part.of) ?? new DeliveredStream(ends.get(part.of)?.closed);
      streams.set(part.of, stream);
      stream.add(key, part);
    }
  }
  const findings: Finding[] = [];
  for (const [name, { closed, key }] of ends)
    if (sealed && closed.lines > 0 && !streams.has(name))
      findings.push(finding('statements-missing', key, id, name));
  for (const [name, stream] of streams) {
    const problem = stream.problem(sealed);
    if (problem !== undefined)
      findings.push(
        finding(problem.code, problem.key, id, `${name}, line ${problem.line}: ${problem.reason}`),
      );
  }
  return findings;
}

interface StreamProblem {
  readonly code: Extract<FindingCode, `statements-${string}`>;
  readonly key: string;
  readonly line: number;
  readonly reason: string;
}

class DeliveredStream {
  readonly #chain: StatementChain;
  readonly #closed: ClosedStream | undefined;
  #size = 0;
  /** Of the last piece of it. */
  #key = '';
  #changed: StreamProblem | undefined;
  #gap: StreamProblem | undefined;

  constructor(closed: ClosedStream | undefined) {
    this.#closed = closed;
    this.#chain = new StatementChain(closed);
  }

  add(key: string, { offset = 0, lines }: EvidencePart): void {
    // Of what came twice the first counts, as for everybody who reads it.
    if (this.#changed !== undefined || this.#gap !== undefined || offset < this.#size) return;
    this.#key = key;
    if (offset > this.#size) {
      const reason = `${offset - this.#size} bytes before it are missing`;
      this.#gap = { code: 'statements-cut', key, line: this.#chain.lines + 1, reason };
      return;
    }
    for (const text of lines) {
      this.#size += Buffer.byteLength(text) + 1;
      const broken = this.#chain.add(text);
      if (broken === undefined) continue;
      this.#changed = { code: 'statements-changed', key, ...broken };
      return;
    }
  }

  problem(sealed: boolean): StreamProblem | undefined {
    if (this.#changed !== undefined || !sealed) return this.#changed;
    if (this.#gap !== undefined || this.#closed === undefined) return this.#gap;
    const { lines, bytes } = this.#closed;
    const code = this.#chain.lines < lines ? 'statements-cut' : 'statements-changed';
    const end = this.#chain.end();
    if (end !== undefined) return { code, key: this.#key, ...end };
    if (this.#size === bytes) return undefined;
    const reason = `it has ${this.#size} bytes, and the journal knows of ${bytes}`;
    return { code, key: this.#key, line: this.#chain.lines, reason };
  }
}

/** What the journal says of the end of each stream, and where it says so. */
function endsIn(pieces: readonly OutlinedPiece[]) {
  const ends = new Map<string, { readonly closed: ClosedStream; readonly key: string }>();
  for (const { key, piece } of pieces)
    for (const { of, lines } of piece.parts)
      for (const line of of === journalPart ? lines : []) {
        const event = parseRecord(line)?.event;
        if (event?.type !== 'statements.closed') continue;
        const name = statementsName(String(event.id));
        // Whoever delivers writes what they like; the first word about a stream counts.
        if (event.file === name && !ends.has(name)) ends.set(name, { closed: closedStream(event), key });
      }
  return ends;
}
