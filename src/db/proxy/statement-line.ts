import { sealRecord } from '../../audit/journal-record.ts';
import type { Outcome, Statement } from './statement.ts';

/** What of a statement may be written down, cut to size: JSON already, for prepared statements come again and again. */
export interface ShownStatement {
  readonly sql: string;
  /** Characters of the whole text when `sql` is cut. */
  readonly length: number | undefined;
  readonly values: string | undefined;
  readonly application: string;
}

/**
 * Makes the lines of a stream of statements, each with the hash of the one before. The same text as JSON.stringify of
 * the event, put together by hand: there are two for each statement, ten thousand a second, and their members are known.
 */
export class StatementLines {
  readonly #ids: string;
  #previous: string;
  #time = { at: Number.NaN, text: '' };
  #lines = 0;
  #statements = 0;

  constructor(ids: { readonly access: string; readonly breakglass: string | undefined }, previous: string) {
    const breakglass = ids.breakglass === undefined ? '' : `,"breakglass":${JSON.stringify(ids.breakglass)}`;
    this.#ids = `,"id":${JSON.stringify(ids.access)}${breakglass},"statement":`;
    this.#previous = previous;
  }

  get written(): { readonly lines: number; readonly statements: number; readonly head: string } {
    return { lines: this.#lines, statements: this.#statements, head: this.#previous };
  }

  statement(
    now: number,
    { id, connection, kind, exact, transaction }: Statement,
    shown: ShownStatement,
  ): string {
    this.#statements++;
    let line = `${this.#begin(now, 'statement')}${id},"connection":${connection},"kind":"${kind}","sql":${shown.sql}`;
    if (shown.length !== undefined) line += `,"length":${shown.length}`;
    if (!exact) line += ',"exact":false';
    if (shown.values !== undefined) line += `,"values":${shown.values}`;
    return this.#seal(`${line},"application":${shown.application},"transaction":"${transaction}"`);
  }

  outcome(now: number, outcome: Outcome): string {
    const { statement, end, tags, rows, sqlState, milliseconds, transaction } = outcome;
    let line = `${this.#begin(now, 'outcome')}${statement.id},"end":"${end}"`;
    if (tags.length > 0) line += `,"tags":${JSON.stringify(tags.join(', ').slice(0, longestTags))}`;
    line += `,"rows":${JSON.stringify(rows)}`;
    if (sqlState !== undefined) line += `,"sqlState":${JSON.stringify(sqlState)}`;
    const thousandths = Math.round(milliseconds * 1000) / 1000;
    return this.#seal(`${line},"milliseconds":${JSON.stringify(thousandths)},"transaction":"${transaction}"`);
  }

  #begin(now: number, type: string): string {
    if (now !== this.#time.at) this.#time = { at: now, text: new Date(now).toISOString() };
    return `{"at":"${this.#time.text}","type":"${type}"${this.#ids}`;
  }

  #seal(open: string): string {
    const { line, hash } = sealRecord(open, this.#previous);
    this.#previous = hash;
    this.#lines++;
    return line;
  }
}

const longestTags = 1_000;
