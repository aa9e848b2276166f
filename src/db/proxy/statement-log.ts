import { hash as digest } from 'node:crypto';
import type { StreamFile } from '../../audit/stream-file.ts';
import type { Host } from '../../host.ts';
import { redact, shortestRedacted } from '../../lib/secret.ts';
import type { BoundValue } from './bound-value.ts';
import { type MaskedSql, type MaskSql, maskPasswords } from './mask-passwords.ts';
import { redactSql } from './redact-sql.ts';
import type { Outcome, Statement, StatementWatcher } from './statement.ts';
import { type ShownStatement, StatementLines } from './statement-lines.ts';

export interface LogOptions {
  /** Of the journal: which access this is. */
  readonly access: string;
  /** The break-glass session's id: then the disk has each statement before it is sent, else the system has it. */
  readonly breakglass?: string | undefined;
  /** What else may not be written down; passwords never are. */
  readonly mask?: MaskSql | undefined;
}

/** What is shown of a text, and of its values. */
interface Shown extends Omit<MaskedSql, 'sql'>, ShownStatement {}

/** Of one line: in JSON each character may become six bytes; a line has 200 000. */
const longestPiece = 24_000;
const longestValue = 256;
const longestValues = 6_000;
const longestPlain = shortestRedacted - 1;
const mostPlain = 100;
const mostRemembered = 200;
/** An outcome is written with what comes next, or after this: only what is to be sent must be written first. Then the seal. */
const patienceMs = 100;
/** Bytes of outcomes that wait for it. */
const mostWaiting = 32 * 1024;
/** Bytes between two seals: where one does not fit, that many are in doubt. */
const mostUnsealed = 64 * 1024;

type LogFile = Pick<StreamFile, 'appendBytes' | 'putBytes' | 'digest'>;

/**
 * Statements and their outcomes as lines of a stream. A statement is one line, or several where it is long, written
 * whole before it is sent; its outcome is another. In a break-glass session a statement waits for the disk, with all
 * that wait at the time; else the system has it in the same moment, and the disk soon (docs/decisions/0019). What was
 * written is sealed within 100 ms or 64 KiB.
 */
export class StatementLog implements StatementWatcher, AsyncDisposable {
  readonly #host: Pick<Host, 'now'>;
  readonly #file: LogFile;
  readonly #options: LogOptions;
  readonly #lines: StatementLines;
  readonly #shown = new Map<string, Shown>();
  #timer: NodeJS.Timeout | undefined;
  #unsealed = 0;
  #failure: { readonly reason: unknown } | undefined;

  constructor(host: Pick<Host, 'now'>, file: LogFile, options: LogOptions) {
    this.#host = host;
    this.#file = file;
    this.#options = options;
    const { access, breakglass } = options;
    this.#lines = new StatementLines({ access, breakglass });
  }

  /** What it has come to; `head` is the last line's hash. */
  get written(): { readonly lines: number; readonly statements: number; readonly head: string } {
    return this.#lines.written;
  }

  before(statement: Statement): Promise<void> | undefined {
    if (this.#failure !== undefined) return Promise.reject(this.#failure.reason);
    try {
      this.#announce(statement);
      if (this.#options.breakglass === undefined) return undefined;
      this.#unsealed += this.#lines.waiting;
      const written = this.#file.appendBytes(this.#taken());
      this.#written();
      return written;
    } catch (error) {
      return Promise.reject(error);
    }
  }

  put(): void {
    if (this.#options.breakglass !== undefined) return;
    this.#put();
    this.#written();
  }

  after(outcome: Outcome): void {
    // Nobody writes it down any more.
    if (this.#failure !== undefined) return;
    // Nobody has announced what was never to run.
    if (outcome.end === 'refused' || outcome.statement.kind === 'prepare') this.#announce(outcome.statement);
    this.#lines.outcome(outcome);
    if (this.#lines.waiting > mostWaiting) this.#flush();
    else this.#later();
  }

  /** What is held is on the disk then, sealed; rejects when it can't be. */
  async [Symbol.asyncDispose](): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#put();
    this.#seal();
    await this.#file.appendBytes(this.#taken());
  }

  #taken(): Buffer {
    const { waiting } = this.#lines;
    return this.#lines.take().subarray(0, waiting);
  }

  /** What was to be put down and was not is lost: whoever comes later is told, for good. */
  #put(): void {
    const { waiting } = this.#lines;
    const lines = this.#lines.take();
    if (this.#failure !== undefined) throw this.#failure.reason;
    this.#unsealed += waiting;
    try {
      this.#file.putBytes(lines, waiting);
    } catch (reason) {
      this.#failure = { reason };
      throw reason;
    }
  }

  #written(): void {
    if (this.#unsealed > mostUnsealed) this.#seal();
    this.#later();
  }

  /** It is written with what comes next. Nothing may wait before it: it has the hash of what is written. */
  #seal(): void {
    if (this.#unsealed === 0) return;
    this.#lines.seal(this.#host.now(), this.#file.digest());
    this.#unsealed = 0;
  }

  /** It is left to run where there are statements all the time: a timer for each would cost as much as its line. */
  #later(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#flush();
    }, patienceMs);
  }

  #flush(): void {
    try {
      this.#put();
      this.#seal();
      this.#file.putBytes(this.#taken());
    } catch {
      // A stream that fails once fails for good: the next statement is told.
    }
  }

  #announce(statement: Statement): void {
    const shown = this.#show(statement);
    const values = statement.values.length === 0 ? undefined : this.#values(statement, shown);
    this.#lines.statement(statement, shown, values);
  }

  /** As a JSON array: texts, null, `\x…` for bytes, and an object for what is masked, cut or was not read. */
  #values({ kind, values }: Statement, { secret, parameters }: Shown): string | readonly BoundValue[] {
    // What a statement is that SQL prepared is not known here.
    const hidden = secret || kind === 'portal';
    if (!hidden && parameters === undefined && values.length <= mostPlain && values.every(isPlain))
      return values;
    let written = '';
    for (const [index, value] of values.entries()) {
      const one = hidden || parameters?.has(index + 1) === true ? masked : shownValue(value);
      if (written.length + one.length > longestValues) {
        written += `${index === 0 ? '' : ','}{"more":${values.length - index}}`;
        break;
      }
      written += index === 0 ? one : `,${one}`;
    }
    return redact(`[${written}]`);
  }

  /** Prepared statements come again and again; of others few do, and to remember them all costs more than it saves. */
  #show({ sql, kind, standardStrings }: Statement): Shown {
    const key = standardStrings ? sql : `\0${sql}`;
    const keep = (kind !== 'query' || this.#options.mask !== undefined) && sql.length <= longestPiece;
    const known = keep ? this.#shown.get(key) : undefined;
    if (known !== undefined) return known;
    const masked = maskPasswords(sql, standardStrings);
    const more = this.#options.mask?.(masked.sql, standardStrings);
    const secret = masked.secret || more?.secret === true;
    const text = redactSql((more ?? masked).sql, standardStrings);
    const { sql: first, length, more: rest } = inPieces(text);
    const parameters = more?.parameters;
    if (!keep) return { sql: first, length, more: rest, secret, parameters };
    // It is made JSON once.
    const found = { sql: Buffer.from(JSON.stringify(first)), length, more: rest, secret, parameters };
    if (this.#shown.size >= mostRemembered) this.#shown.clear();
    this.#shown.set(key, found);
    return found;
  }
}

const masked = '{"masked":true}';

/** Numbers, mostly: too short to be a secret or the shape of one, and JSON has them as they are. */
function isPlain(value: BoundValue): boolean {
  if (value.isNull) return true;
  const { source, start, end, size } = value;
  if (value.binary || !value.isWhole || size > longestPlain) return false;
  for (let at = start; at < end; at++) {
    const byte = source[at] ?? 0;
    // Neither a control character nor a quote, a backslash, or what is beyond ASCII.
    if (byte < 0x20 || byte > 0x7e || byte === 0x22 || byte === 0x5c) return false;
  }
  return true;
}

/** All of a text is written down: what stands behind a long comment is what somebody wanted to run. */
function inPieces(text: string): ShownStatement {
  const { length } = text;
  if (length <= longestPiece) return { sql: text, length: undefined, more: undefined };
  const more: string[] = [];
  for (let at = longestPiece; at < length; at += longestPiece) more.push(text.slice(at, at + longestPiece));
  return { sql: text.slice(0, longestPiece), length, more };
}

/** JSON. */
function shownValue({ binary, bytes, size, isWhole }: BoundValue): string {
  if (bytes === null) return 'null';
  if (bytes === undefined) return '{"unread":true}';
  const length = Math.min(bytes.length, longestValue);
  const text = binary ? `\\x${bytes.toString('hex', 0, length)}` : bytes.toString('utf8', 0, length);
  if (length === size) return JSON.stringify(text);
  // What was cut can be told from another, where all of it was there.
  const sha256 = isWhole ? digest('sha256', bytes, 'hex') : undefined;
  return JSON.stringify({ cut: text, bytes: size, sha256 });
}
