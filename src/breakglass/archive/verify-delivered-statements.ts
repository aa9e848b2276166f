import { createHmac, randomBytes } from 'node:crypto';
import { parseRecord } from '../../audit/journal-record.ts';
import {
  type ClosedStream,
  closedStream,
  isStatementsName,
  statementsName,
} from '../../audit/statement-stream.ts';
import { StatementChain } from '../../audit/verify-statements.ts';
import { type EvidencePart, type EvidencePiece, journalPart } from '../protocol/evidence.ts';
import { type Finding, type FindingCode, finding } from '../protocol/findings.ts';
import type { SessionId } from '../protocol/ids.ts';

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
  const { ends, doubted } = endsIn(pieces);
  const again = comeAgain(pieces);
  const streams = new Map<string, DeliveredStream>();
  for (const { key, piece } of pieces) {
    if (!piece.parts.some(({ of }) => isStatementsName(of))) continue;
    for (const part of (await read(key))?.parts ?? []) {
      if (!isStatementsName(part.of)) continue;
      const stream =
        streams.get(part.of) ?? new DeliveredStream(ends.get(part.of)?.closed, again.has(part.of));
      streams.set(part.of, stream);
      stream.add(key, part);
    }
  }
  const findings: Finding[] = [];
  for (const [name, key] of doubted)
    findings.push(finding('statements-changed', key, id, `${name}: its journal tells of two ends`));
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
  /** Of lines that come again: where each begins, and what it was. */
  readonly #known: Map<number, KnownLine> | undefined;
  #size = 0;
  /** Of the last piece of it. */
  #key = '';
  #changed: StreamProblem | undefined;
  #gap: StreamProblem | undefined;

  constructor(closed: ClosedStream | undefined, comesAgain: boolean) {
    this.#closed = closed;
    this.#chain = new StatementChain(closed);
    this.#known = comesAgain ? new Map() : undefined;
  }

  add(key: string, { offset = 0, lines }: EvidencePart): void {
    if (this.#changed !== undefined || this.#gap !== undefined) return;
    if (offset > this.#size) {
      const reason = `${offset - this.#size} bytes before it are missing`;
      this.#gap = { code: 'statements-cut', key, line: this.#chain.lines + 1, reason };
      return;
    }
    let start = offset;
    for (const text of lines) {
      const broken = start < this.#size ? this.#compare(start, text) : this.#take(key, text);
      start += Buffer.byteLength(text) + 1;
      if (broken === undefined) continue;
      this.#changed = { code: 'statements-changed', key, ...broken };
      return;
    }
  }

  #take(key: string, text: string) {
    this.#key = key;
    const broken = this.#chain.add(text);
    this.#known?.set(this.#size, { line: this.#chain.lines, digest: digestOf(text) });
    this.#size += Buffer.byteLength(text) + 1;
    return broken;
  }

  /** A machine that forgot what it had delivered begins anew. Who delivers something else later must not stand in for that. */
  #compare(start: number, text: string) {
    const known = this.#known?.get(start);
    if (known !== undefined && known.digest === digestOf(text)) return undefined;
    return { line: known?.line ?? this.#chain.lines, reason: 'it was delivered twice, and not the same' };
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

interface KnownLine {
  readonly line: number;
  readonly digest: number;
}

const salt = randomBytes(16);
/** 48 bits, which a number holds: nobody can look for another line of the same, for nobody knows the salt. */
const digestOf = (text: string): number => createHmac('sha256', salt).update(text).digest().readUIntBE(0, 6);

/** Streams that pieces do not just continue: they come more than once, or from more than one machine. */
function comeAgain(pieces: readonly OutlinedPiece[]): ReadonlySet<string> {
  const reached = new Map<string, number>();
  const again = new Set<string>();
  for (const { piece } of pieces)
    for (const { of, offset = 0 } of piece.parts) {
      if (of === journalPart) continue;
      if (offset <= (reached.get(of) ?? -1)) again.add(of);
      reached.set(of, offset);
    }
  return again;
}

/** What the journal says of the end of each stream, where it says so, and where it says something else. */
function endsIn(pieces: readonly OutlinedPiece[]) {
  const ends = new Map<string, { readonly closed: ClosedStream; readonly key: string }>();
  const doubted = new Map<string, string>();
  for (const { key, piece } of pieces)
    for (const { of, lines } of piece.parts)
      for (const line of of === journalPart ? lines : []) {
        const event = parseRecord(line)?.event;
        if (event?.type !== 'statements.closed') continue;
        const name = statementsName(String(event.id));
        if (event.file !== name) continue;
        const closed = closedStream(event);
        const known = ends.get(name);
        // Whoever delivers writes what they like: which of two words is the true one nobody knows.
        if (known === undefined) ends.set(name, { closed, key });
        else if (JSON.stringify(known.closed) !== JSON.stringify(closed)) doubted.set(name, key);
      }
  return { ends, doubted };
}
