import { encodeRecord, firstPrevious, type JournalEvent } from '../../audit/journal-record.ts';
import type { StreamFile } from '../../audit/stream-file.ts';
import type { Host } from '../../host.ts';
import { redact } from '../../lib/secret.ts';
import { type MaskedSql, type MaskSql, maskPasswords } from './mask-passwords.ts';
import type { BoundValue, Outcome, Statement, StatementWatcher } from './statement.ts';

export interface LogOptions {
  /** Of the journal: which access this is. */
  readonly access: string;
  /** The break-glass session's id. */
  readonly breakglass?: string | undefined;
  /** What else may not be written down; passwords never are. */
  readonly mask?: MaskSql | undefined;
}

/** In JSON each character may become six bytes; a line has 200 000. */
const longestSql = 24_000;
const longestValue = 256;
const longestValues = 6_000;
const mostRemembered = 200;
/** An outcome is written with what comes next, or after this: only what is to be sent must be on the disk first. */
const outcomePatienceMs = 100;
const mostOutcomes = 200;

/**
 * Statements and their outcomes as lines of a stream, each with the hash of the one before. A statement is one line,
 * on the disk before it is sent; its outcome is another. One sync for each group of statements: outcomes wait for it.
 */
export class StatementLog implements StatementWatcher, AsyncDisposable {
  readonly #host: Pick<Host, 'now'>;
  readonly #file: Pick<StreamFile, 'append'>;
  readonly #options: LogOptions;
  readonly #masked = new Map<string, MaskedSql>();
  #previous = firstPrevious;
  #application = { given: '', shown: '' };
  #outcomes: string[] = [];
  #timer: NodeJS.Timeout | undefined;
  #lines = 0;
  #statements = 0;

  constructor(host: Pick<Host, 'now'>, file: Pick<StreamFile, 'append'>, options: LogOptions) {
    this.#host = host;
    this.#file = file;
    this.#options = options;
  }

  /** What it has come to; `head` is the last line's hash. */
  get written(): { readonly lines: number; readonly statements: number; readonly head: string } {
    return { lines: this.#lines, statements: this.#statements, head: this.#previous };
  }

  before(statement: Statement): Promise<void> {
    const line = this.#line(this.#announced(statement));
    return this.#append(line);
  }

  after({ statement, end, tags, rows, sqlState, milliseconds, transaction }: Outcome): void {
    // Nobody has announced what was never to run.
    if (end === 'refused' || statement.kind === 'prepare')
      this.#outcomes.push(this.#line(this.#announced(statement)));
    this.#outcomes.push(
      this.#line({
        type: 'outcome',
        ...this.#ids(),
        statement: statement.id,
        end,
        tags: tags.length === 0 ? undefined : tags.join(', ').slice(0, 1_000),
        rows,
        sqlState,
        milliseconds: Math.round(milliseconds * 1000) / 1000,
        transaction,
      }),
    );
    if (this.#outcomes.length >= mostOutcomes) this.#flush();
    // It is left to run where there are statements all the time: a timer for each would cost as much as its line.
    else this.#timer ??= setTimeout(() => this.#late(), outcomePatienceMs);
  }

  /** What is held is on the disk then; rejects when it can't be. */
  async [Symbol.asyncDispose](): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    await this.#append();
  }

  #late(): void {
    this.#timer = undefined;
    if (this.#outcomes.length > 0) this.#flush();
  }

  #flush(): void {
    // A stream that fails once fails for good: the next statement is told.
    this.#append().catch(() => {});
  }

  #append(...lines: readonly string[]): Promise<void> {
    const outcomes = this.#outcomes;
    this.#outcomes = [];
    return this.#file.append([...outcomes, ...lines]);
  }

  #line(event: JournalEvent): string {
    const { line, hash } = encodeRecord(this.#host.now(), this.#previous, event);
    this.#previous = hash;
    this.#lines++;
    if (event.type === 'statement') this.#statements++;
    return line;
  }

  #ids(): { readonly id: string; readonly breakglass: string | undefined } {
    return { id: this.#options.access, breakglass: this.#options.breakglass };
  }

  #announced(statement: Statement): JournalEvent {
    const { id, connection, kind, exact, values, application, transaction } = statement;
    const masked = this.#mask(statement.sql);
    const { sql } = masked;
    const cut = sql.length > longestSql;
    if (application !== this.#application.given)
      this.#application = { given: application, shown: redact(application.slice(0, 200)) };
    return {
      type: 'statement',
      ...this.#ids(),
      statement: id,
      connection,
      kind,
      sql: cut ? sql.slice(0, longestSql) : sql,
      length: cut ? sql.length : undefined,
      exact: exact ? undefined : false,
      values: values.length === 0 ? undefined : this.#values(statement, masked),
      application: this.#application.shown,
      transaction,
    };
  }

  /** As a JSON array: texts, null, `\x…` for bytes, and an object for what is masked, cut or was not read. */
  #values(statement: Statement, { secret, parameters }: MaskedSql): string {
    // What a statement is that SQL prepared is not known here.
    const hidden = secret || statement.kind === 'portal';
    const written: unknown[] = [];
    let length = 0;
    for (const [index, value] of statement.values.entries()) {
      const one = hidden || parameters?.has(index + 1) === true ? { masked: true } : shownValue(value);
      length += JSON.stringify(one).length;
      if (length > longestValues) {
        written.push({ more: statement.values.length - index });
        break;
      }
      written.push(one);
    }
    return redact(JSON.stringify(written));
  }

  /** Prepared statements come again and again. */
  #mask(sql: string): MaskedSql {
    const known = this.#masked.get(sql);
    if (known !== undefined) return known;
    const masked = maskPasswords(sql);
    const more = this.#options.mask?.(masked.sql);
    const secret = masked.secret || more?.secret === true;
    const found = { sql: redact((more ?? masked).sql), secret, parameters: more?.parameters };
    if (sql.length > longestSql) return found;
    if (this.#masked.size >= mostRemembered) this.#masked.clear();
    this.#masked.set(sql, found);
    return found;
  }
}

function shownValue({ binary, bytes, size }: BoundValue): unknown {
  if (bytes === null) return null;
  if (bytes === undefined) return { unread: true };
  const shown = bytes.subarray(0, longestValue);
  const text = binary ? `\\x${shown.toString('hex')}` : shown.toString('utf8');
  return shown.length < size ? { cut: text, bytes: size } : text;
}
