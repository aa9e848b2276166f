import { firstPrevious } from '../../audit/journal-record.ts';
import { RecordBytes } from '../../audit/record-bytes.ts';
import type { Outcome, Statement } from './statement.ts';

/** What of a statement may be written down, cut to size: JSON already, for prepared statements come again and again. */
export interface ShownStatement {
  readonly sql: string;
  /** Characters of the whole text when `sql` is only its beginning. */
  readonly length: number | undefined;
  /** What follows `sql`, each for a line of its own. */
  readonly more?: readonly string[] | undefined;
  readonly values: string | undefined;
  readonly application: string;
}

/**
 * Makes the lines of a stream of statements. The same text as JSON.stringify of the event, put together by hand: there
 * are two for each statement, twenty thousand a second, and their members are known. A seal now and then chains them: it
 * has the hash of all bytes before it. One for each line would cost more than all the rest of the record.
 */
export class StatementLines {
  readonly #owner: string;
  readonly #ids: string;
  readonly #records = new RecordBytes();
  #head = firstPrevious;
  #time = { at: Number.NaN, text: '' };
  #lines = 0;
  #statements = 0;

  constructor(ids: { readonly access: string; readonly breakglass: string | undefined }) {
    const breakglass = ids.breakglass === undefined ? '' : `,"breakglass":${JSON.stringify(ids.breakglass)}`;
    this.#owner = `"id":${JSON.stringify(ids.access)}${breakglass}`;
    this.#ids = `,${this.#owner},"statement":`;
  }

  get written(): { readonly lines: number; readonly statements: number; readonly head: string } {
    return { lines: this.#lines, statements: this.#statements, head: this.#head };
  }

  /** Bytes that nobody has taken. */
  get waiting(): number {
    return this.#records.length;
  }

  /** All lines since the last call, as bytes, which the next line overwrites. */
  take(): Buffer {
    return this.#records.take();
  }

  statement(
    now: number,
    { id, connection, kind, exact, transaction }: Statement,
    shown: ShownStatement,
  ): void {
    this.#statements++;
    const length = shown.length === undefined ? '' : `,"length":${shown.length}`;
    const inexact = exact ? '' : ',"exact":false';
    const values = shown.values === undefined ? '' : `,"values":${shown.values}`;
    this.#add(
      `${this.#begin(now, 'statement')}${id},"connection":${connection},"kind":"${kind}","sql":${shown.sql}${length}${inexact}${values},"application":${shown.application},"transaction":"${transaction}"}\n`,
    );
    for (const sql of shown.more ?? []) this.#add(`${this.#begin(now, 'text')}${id},"sql":${sql}}\n`);
  }

  outcome(now: number, outcome: Outcome): void {
    const { statement, end, tags, rows, sqlState, milliseconds, transaction } = outcome;
    const [first = ''] = tags;
    const text = tags.length > 1 ? tags.join(', ').slice(0, longestTags) : first;
    const tagged = tags.length === 0 ? '' : `,"tags":${JSON.stringify(text)}`;
    const state = sqlState === undefined ? '' : `,"sqlState":${JSON.stringify(sqlState)}`;
    this.#add(
      `${this.#begin(now, 'outcome')}${statement.id},"end":"${end}"${tagged},"rows":${rows}${state},"milliseconds":${inThousandths(milliseconds)},"transaction":"${transaction}"}\n`,
    );
  }

  /** `hash`: SHA-256 of all of the stream before this line. */
  seal(now: number, hash: string): void {
    this.#head = hash;
    this.#add(`{"at":"${this.#timeOf(now)}","type":"seal",${this.#owner},"hash":"${hash}"}\n`);
  }

  #begin(now: number, type: string): string {
    return `{"at":"${this.#timeOf(now)}","type":"${type}"${this.#ids}`;
  }

  #timeOf(now: number): string {
    if (now !== this.#time.at) this.#time = { at: now, text: new Date(now).toISOString() };
    return this.#time.text;
  }

  #add(line: string): void {
    this.#records.add(line);
    this.#lines++;
  }
}

const longestTags = 1_000;

/** As JSON has a number rounded to three places; from whole numbers, which are made text in a fifth of the time. */
function inThousandths(value: number): string {
  const thousandths = Math.round(value * 1000);
  const whole = Math.floor(thousandths / 1000);
  const rest = thousandths - whole * 1000;
  if (rest === 0) return `${whole}`;
  const places = `${1000 + rest}`.slice(1);
  return `${whole}.${rest % 100 === 0 ? places.slice(0, 1) : rest % 10 === 0 ? places.slice(0, 2) : places}`;
}
