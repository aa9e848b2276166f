import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import { type JsonObject, parseJsonObject } from '../lib/json-object.ts';
import { firstPrevious } from './journal-record.ts';
import { readWholeLines } from './read-whole-lines.ts';
import type { ClosedStream, FoundStream } from './statement-stream.ts';

export interface StreamProblem {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** Ends a sentence. */
  readonly reason: string;
}

/** Whether a stream is what the journal says of it, and what its seals say. Undefined: it is. */
export function verifyStatements({ path, closed }: FoundStream): StreamProblem | undefined {
  const problem = (line: number, reason: string): StreamProblem => ({ file: path, line, reason });
  if (statSync(path, { throwIfNoEntry: false }) === undefined)
    return problem(1, 'the statements that the journal tells of are not there any more');
  const chain = new StatementChain(closed);
  let end = 0;
  for (let lines = readWholeLines(path, 0); lines.length > 0; lines = readWholeLines(path, end)) {
    for (const { text, end: after } of lines) {
      end = after;
      const broken = chain.add(text);
      if (broken !== undefined) return problem(broken.line, broken.reason);
    }
  }
  const cut = chain.end();
  if (cut !== undefined) return problem(cut.line, cut.reason);
  // A line without its end is none of those that were looked at.
  if (closed !== undefined && statSync(path).size !== closed.bytes) return problem(chain.lines, otherBytes);
  return undefined;
}

type Finding = Omit<StreamProblem, 'file'>;

/** The same of lines that come from elsewhere. */
export function chainProblem(lines: Iterable<string>, closed: ClosedStream | undefined): Finding | undefined {
  const chain = new StatementChain(closed);
  for (const text of lines) {
    const broken = chain.add(text);
    if (broken !== undefined) return broken;
  }
  return chain.end();
}

const otherBytes = 'it is not what the journal says was written';
const types: readonly unknown[] = ['statement', 'text', 'outcome', 'seal'];

/** Line by line, in their order. */
export class StatementChain {
  /** That were looked at. */
  lines = 0;
  readonly #closed: ClosedStream | undefined;
  readonly #hash = createHash('sha256');
  /** The last line that a seal vouches for. */
  #sealed = 0;
  #head = firstPrevious;
  /** Of the statement whose text goes on in the next line. */
  #open: { readonly statement: unknown; readonly characters: number } | undefined;

  constructor(closed: ClosedStream | undefined) {
    this.#closed = closed;
  }

  add(text: string): Finding | undefined {
    this.lines++;
    const here = (reason: string): Finding => ({ line: this.lines, reason });
    const event = parseJsonObject(text);
    if (event === undefined || !types.includes(event.type)) return here('this line is none of a record');
    if (this.#closed !== undefined && this.lines > this.#closed.lines)
      return here('this line was added after the stream was closed');
    if (event.type === 'seal') {
      if (this.#hash.copy().digest('hex') !== event.hash) return this.#doubtful();
      this.#head = String(event.hash);
      this.#sealed = this.lines;
    }
    this.#hash.update(`${text}\n`);
    const reason = this.#addText(event);
    return reason === undefined ? undefined : here(reason);
  }

  #doubtful(): Finding {
    const line = this.#sealed + 1;
    const which = line >= this.lines - 1 ? 'this line' : `a line from here to ${this.lines - 1}`;
    return {
      line,
      reason: `${which} was changed, added or taken away: the seal in line ${this.lines} is of other lines`,
    };
  }

  /** A long text has its lines behind its statement's, with nothing between them. */
  #addText({ type, statement, sql, length }: JsonObject): string | undefined {
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

  end(): Finding | undefined {
    if (this.#closed === undefined) return undefined;
    const { lines, head, sha256 } = this.#closed;
    const behind = (reason: string): Finding => ({ line: this.lines + 1, reason });
    if (this.#open !== undefined && this.lines === lines)
      return behind(`the text of statement ${this.#open.statement} is not whole`);
    if (this.lines < lines) return behind(`the end was cut off: the journal knows of ${lines} lines`);
    if (this.#head === head && this.#hash.digest('hex') === sha256) return undefined;
    return { line: this.#sealed + 1, reason: otherBytes };
  }
}
