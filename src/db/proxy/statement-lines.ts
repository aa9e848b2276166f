import { firstPrevious } from '../../audit/journal-record.ts';
import { RecordBytes } from '../../audit/record-bytes.ts';
import { redact } from '../../lib/secret.ts';
import type { BoundValue } from './bound-value.ts';
import type { Outcome, Statement, TransactionState } from './statement.ts';

/** What of a statement may be written down, cut to size. */
export interface ShownStatement {
  /** Bytes: JSON already, for prepared statements come again and again. */
  readonly sql: string | Buffer;
  /** Characters of the whole text when `sql` is only its beginning. */
  readonly length: number | undefined;
  /** What follows `sql`, each for a line of its own. */
  readonly more: readonly string[] | undefined;
}

/**
 * Makes the lines of a stream of statements. The same bytes as JSON.stringify of the event, put together by hand: there
 * are two for each statement, twenty thousand a second, and their members are known. A seal now and then chains them: it
 * has the hash of all bytes before it. One for each line would cost more than all the rest of the record.
 */
export class StatementLines {
  readonly #owner: string;
  readonly #bytes = new RecordBytes();
  #head = firstPrevious;
  /** Lines up to the statement's number, of the time `#now`. */
  readonly #statement: Buffer;
  readonly #text: Buffer;
  readonly #outcome: Buffer;
  readonly #dated: readonly Buffer[];
  #now = 0;
  /** Where the second of `#now` begins. */
  #second = 0;
  /** What comes again and again, as bytes: by application, by connection, by tag. */
  readonly #ends = new Map<string, ByState>();
  readonly #kinds = new Map<number, ByKind>();
  readonly #done = new Map<string, { readonly rows: number; readonly bytes: Buffer }>();
  #lines = 0;
  #statements = 0;

  constructor(ids: { readonly access: string; readonly breakglass: string | undefined }) {
    const breakglass = ids.breakglass === undefined ? '' : `,"breakglass":${JSON.stringify(ids.breakglass)}`;
    this.#owner = `"id":${JSON.stringify(ids.access)}${breakglass}`;
    const of = (type: string) =>
      Buffer.from(`{"at":"${isoTime(0)}","type":"${type}",${this.#owner},"statement":`);
    [this.#statement, this.#text, this.#outcome] = [of('statement'), of('text'), of('outcome')];
    this.#dated = [this.#statement, this.#text, this.#outcome];
  }

  get written(): { readonly lines: number; readonly statements: number; readonly head: string } {
    return { lines: this.#lines, statements: this.#statements, head: this.#head };
  }

  /** Bytes that nobody has taken. */
  get waiting(): number {
    return this.#bytes.length;
  }

  /** All lines since the last call: as many bytes from the beginning as were `waiting`, which the next line overwrites. */
  take(): Buffer {
    return this.#bytes.take();
  }

  /** `values`: a text, or such as need no escapes. */
  statement(
    statement: Statement,
    shown: ShownStatement,
    values: string | readonly BoundValue[] | undefined,
  ): void {
    const { id, at, connection, kind, exact, application, transaction } = statement;
    const bytes = this.#bytes;
    this.#setTime(at);
    this.#statements++;
    this.#lines++;
    bytes.bytes(this.#statement);
    bytes.number(id);
    bytes.bytes(this.#connectionAndKind(connection, kind));
    if (typeof shown.sql === 'string') bytes.json(shown.sql);
    else bytes.bytes(shown.sql);
    if (shown.length !== undefined) {
      bytes.ascii(',"length":');
      bytes.number(shown.length);
    }
    if (!exact) bytes.ascii(',"exact":false');
    if (values !== undefined) {
      bytes.bytes(words.values);
      if (typeof values === 'string') bytes.json(values);
      else this.#plainValues(values);
    }
    bytes.bytes(this.#applicationAndEnd(application, transaction));
    for (const sql of shown.more ?? []) {
      this.#lines++;
      bytes.bytes(this.#text);
      bytes.number(id);
      bytes.ascii(',"sql":');
      bytes.json(sql);
      bytes.ascii('}\n');
    }
  }

  outcome(outcome: Outcome): void {
    const { statement, end, tags, rows, sqlState, milliseconds, transaction } = outcome;
    const bytes = this.#bytes;
    this.#lines++;
    this.#setTime(outcome.at);
    bytes.bytes(this.#outcome);
    bytes.number(statement.id);
    const [tag] = tags;
    if (tag !== undefined && tags.length === 1 && end === 'done' && rows <= 1 && sqlState === undefined)
      bytes.bytes(this.#doneWith(tag, rows));
    else this.#endAndRows(outcome);
    this.#thousandths(Math.round(milliseconds * 1000));
    bytes.bytes(inState(transactions, transaction));
  }

  /** `hash`: SHA-256 of all of the stream before this line. */
  seal(now: number, hash: string): void {
    this.#head = hash;
    this.#lines++;
    this.#bytes.bytes(
      Buffer.from(`{"at":"${isoTime(now)}","type":"seal",${this.#owner},"hash":"${hash}"}\n`),
    );
  }

  #endAndRows({ end, tags, rows, sqlState }: Pick<Outcome, 'end' | 'tags' | 'rows' | 'sqlState'>): void {
    const bytes = this.#bytes;
    bytes.bytes(ends[end]);
    if (tags.length > 0) {
      bytes.bytes(words.tags);
      bytes.json(tags.length === 1 ? (tags[0] ?? '') : tags.join(', ').slice(0, longestTags));
    }
    bytes.bytes(words.rows);
    bytes.number(rows);
    if (sqlState !== undefined) {
      bytes.ascii(',"sqlState":');
      bytes.json(sqlState);
    }
    bytes.bytes(words.milliseconds);
  }

  /** What most outcomes have between their number and their time: `BEGIN`, `SELECT 1`, `UPDATE 1`, of one row or none. */
  #doneWith(tag: string, rows: number): Buffer {
    const known = this.#done.get(tag);
    if (known?.rows === rows) return known.bytes;
    const bytes = Buffer.from(`,"end":"done","tags":${JSON.stringify(tag)},"rows":${rows},"milliseconds":`);
    if (this.#done.size >= mostRemembered) this.#done.clear();
    this.#done.set(tag, { rows, bytes });
    return bytes;
  }

  #connectionAndKind(connection: number, kind: Statement['kind']): Buffer {
    let kinds = this.#kinds.get(connection);
    if (kinds === undefined) {
      kinds = byKind((name) => `,"connection":${connection},"kind":"${name}","sql":`);
      if (this.#kinds.size >= mostRemembered) this.#kinds.clear();
      this.#kinds.set(connection, kinds);
    }
    return ofKind(kinds, kind);
  }

  /** As JSON within JSON. */
  #plainValues(values: readonly BoundValue[]): void {
    const bytes = this.#bytes;
    bytes.ascii('"[');
    for (let index = 0; index < values.length; index++) {
      const value = values[index];
      if (value === undefined) break;
      if (index > 0) bytes.ascii(',');
      if (value.isNull) {
        bytes.ascii('null');
        continue;
      }
      bytes.ascii('\\"');
      bytes.piece(value.source, value.start, value.end);
      bytes.ascii('\\"');
    }
    bytes.ascii(']"');
  }

  /** As JSON has a number of three places. */
  #thousandths(value: number): void {
    const whole = Math.floor(value / 1000);
    const rest = value - whole * 1000;
    this.#bytes.number(whole);
    if (rest === 0) return;
    this.#bytes.bytes(rest < 10 ? places.three : rest < 100 ? places.two : places.one);
    this.#bytes.number(rest % 100 === 0 ? rest / 100 : rest % 10 === 0 ? rest / 10 : rest);
  }

  /** In the beginnings of all lines. Within a second only its thousandths change. */
  #setTime(now: number): void {
    if (now === this.#now) return;
    const past = now - this.#second;
    if (!(past >= 0 && past < 1000)) {
      this.#second = Math.floor(now / 1000) * 1000;
      const time = isoTime(now);
      for (const line of this.#dated) line.write(time, timeAt, 'latin1');
    } else
      for (const line of this.#dated) {
        line[thousandthsAt] = 0x30 + ((past / 100) | 0);
        line[thousandthsAt + 1] = 0x30 + (((past / 10) | 0) % 10);
        line[thousandthsAt + 2] = 0x30 + (past % 10);
      }
    this.#now = now;
  }

  #applicationAndEnd(application: string, transaction: TransactionState): Buffer {
    const known = this.#ends.get(application);
    if (known !== undefined) return inState(known, transaction);
    const shown = JSON.stringify(redact(application.slice(0, longestApplication)));
    const made = byState((state) => `,"application":${shown},"transaction":"${state}"}\n`);
    if (this.#ends.size >= mostRemembered) this.#ends.clear();
    this.#ends.set(application, made);
    return inState(made, transaction);
  }
}

const timeAt = '{"at":"'.length;
const thousandthsAt = timeAt + 'YYYY-MM-DDTHH:MM:SS.'.length;
const longestTags = 1_000;
const longestApplication = 200;
const mostRemembered = 100;

const words = bytesOf(['values', 'tags', 'rows', 'milliseconds'], (name) => `,"${name}":`);
const ends = bytesOf(
  ['done', 'suspended', 'failed', 'skipped', 'refused', 'unused', 'lost'],
  (end) => `,"end":"${end}"`,
);
/** The point, and what is before the last three, two or one of the places. */
const places = { one: Buffer.from('.'), two: Buffer.from('.0'), three: Buffer.from('.00') };

/** Asked for by name and not by key, which takes V8 several times as long where the keys change. */
type ByState = Readonly<Record<TransactionState, Buffer>>;
type ByKind = Readonly<Record<Statement['kind'], Buffer>>;

const byState = (text: (state: TransactionState) => string): ByState => ({
  idle: Buffer.from(text('idle')),
  open: Buffer.from(text('open')),
  failed: Buffer.from(text('failed')),
});
const inState = (all: ByState, state: TransactionState): Buffer =>
  state === 'idle' ? all.idle : state === 'open' ? all.open : all.failed;

const byKind = (text: (kind: Statement['kind']) => string): ByKind => ({
  query: Buffer.from(text('query')),
  bind: Buffer.from(text('bind')),
  prepare: Buffer.from(text('prepare')),
  portal: Buffer.from(text('portal')),
  function: Buffer.from(text('function')),
});
function ofKind(all: ByKind, kind: Statement['kind']): Buffer {
  if (kind === 'query') return all.query;
  if (kind === 'bind') return all.bind;
  return kind === 'prepare' ? all.prepare : kind === 'portal' ? all.portal : all.function;
}

const transactions = byState((state) => `,"transaction":"${state}"}\n`);

const isoTime = (now: number): string => new Date(now).toISOString();

function bytesOf<Name extends string>(
  names: readonly Name[],
  text: (name: Name) => string,
): Readonly<Record<Name, Buffer>> {
  return Object.fromEntries(names.map((name) => [name, Buffer.from(text(name))])) as Record<Name, Buffer>;
}
