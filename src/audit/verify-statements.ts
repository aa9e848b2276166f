import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import { firstPrevious, type JournalRecord, parseRecord } from './journal-record.ts';
import { readWholeLines } from './read-whole-lines.ts';
import type { ClosedStream, FoundStream } from './statement-stream.ts';

export interface StreamProblem {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** Ends a sentence. */
  readonly reason: string;
}

/** Whether a stream is what the journal says of it, each line the successor of the one before. Undefined: it is. */
export function verifyStatements({ path, closed }: FoundStream): StreamProblem | undefined {
  const problem = (line: number, reason: string): StreamProblem => ({ file: path, line, reason });
  if (statSync(path, { throwIfNoEntry: false }) === undefined)
    return problem(1, 'the statements that the journal tells of are not there any more');
  const hash = createHash('sha256');
  const chain = new StatementChain(closed);
  let end = 0;
  for (let lines = readWholeLines(path, 0); lines.length > 0; lines = readWholeLines(path, end)) {
    for (const { text, end: after } of lines) {
      end = after;
      const broken = chain.add(text);
      if (broken !== undefined) return problem(chain.lines, broken);
      hash.update(`${text}\n`);
    }
  }
  const cut = chain.end();
  if (cut !== undefined) return problem(chain.lines + 1, cut);
  if (closed === undefined) return undefined;
  // With the right head nothing before it can be another; bytes behind the last line can.
  if (statSync(path).size !== closed.bytes || hash.digest('hex') !== closed.sha256)
    return problem(chain.lines, otherBytes);
  return undefined;
}

/** The same of lines that come from elsewhere; without them it says nothing of their bytes. */
export function chainProblem(
  lines: Iterable<string>,
  closed: ClosedStream | undefined,
): Omit<StreamProblem, 'file'> | undefined {
  const chain = new StatementChain(closed);
  for (const text of lines) {
    const reason = chain.add(text);
    if (reason !== undefined) return { line: chain.lines, reason };
  }
  const reason = chain.end();
  return reason === undefined ? undefined : { line: chain.lines + 1, reason };
}

const otherBytes = 'it is not what the journal says was written';

class StatementChain {
  /** That were looked at. */
  lines = 0;
  readonly #closed: ClosedStream | undefined;
  #previous = firstPrevious;
  /** Of the statement whose text goes on in the next line. */
  #open: { readonly statement: unknown; readonly characters: number } | undefined;

  constructor(closed: ClosedStream | undefined) {
    this.#closed = closed;
  }

  add(text: string): string | undefined {
    this.lines++;
    const record = parseRecord(text);
    if (record === undefined) return 'this line was changed: it does not have its own hash';
    if (record.previous !== this.#previous) return 'lines before this one were taken away or changed';
    if (this.#closed !== undefined && this.lines > this.#closed.lines)
      return 'this line was added after the stream was closed';
    this.#previous = record.hash;
    return this.#addText(record.event);
  }

  /** A long text has its lines behind its statement's, with nothing between them. */
  #addText({ type, statement, sql, length }: JournalRecord['event']): string | undefined {
    const open = this.#open;
    const here = typeof sql === 'string' ? sql.length : 0;
    if (type === 'text' ? open === undefined || open.statement !== statement : open !== undefined)
      return open === undefined
        ? 'it goes on with the text of a statement that has ended'
        : `the text of statement ${open.statement} is not whole before it`;
    const whole = type === 'text' ? (open?.characters ?? 0) : typeof length === 'number' ? length : here;
    const characters = whole - here;
    if (characters < 0) return `the text of statement ${statement} is longer than it was`;
    this.#open =
      (type === 'text' || type === 'statement') && characters > 0 ? { statement, characters } : undefined;
    return undefined;
  }

  end(): string | undefined {
    if (this.#closed === undefined) return undefined;
    const { lines, head } = this.#closed;
    if (this.#open !== undefined && this.lines === lines)
      return `the text of statement ${this.#open.statement} is not whole`;
    if (this.lines < lines) return `the end was cut off: the journal knows of ${lines} lines`;
    return this.#previous === head ? undefined : otherBytes;
  }
}
