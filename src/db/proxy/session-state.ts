import type { BoundValue } from './bound-value.ts';
import type { BindMessage } from './client-message.ts';
import type { Clock } from './clock.ts';
import { KnownBytes } from './known-bytes.ts';
import { NamedObjects } from './named-objects.ts';
import type { GuardContext, Statement, TransactionState } from './statement.ts';

/** SQL of a prepared statement. */
export interface PreparedText {
  readonly sql: string;
  readonly exact: boolean;
  /** As it was when the server got it; undefined: as it is now. */
  readonly standardStrings?: boolean;
  readonly changesNames?: boolean;
}

/** What a Parse says. */
export interface Prepared {
  readonly name: string;
  readonly text: PreparedText;
}

/** What one session is known to be at, from what went through. */
export class SessionState {
  readonly prepared = new NamedObjects<PreparedText>();
  readonly portals = new NamedObjects<Statement>();
  /** By the body of their Parse. */
  readonly parses = new KnownBytes<Prepared>();
  transaction: TransactionState = 'idle';
  application: string;
  encoding = 'UTF8';
  standardStrings = true;
  readOnly: boolean | undefined;
  /** Counts the Syncs. */
  group = 0;
  /** In this group names may have changed by SQL. */
  blurred = false;
  readonly #clock: Pick<Clock, 'now'>;
  readonly #connection: number;
  readonly #nextId: () => number;
  /** Bound and not executed. */
  #unused: Statement[] = [];

  constructor(clock: Pick<Clock, 'now'>, connection: number, application: string, nextId: () => number) {
    this.#clock = clock;
    this.#connection = connection;
    this.application = application;
    this.#nextId = nextId;
  }

  get context(): GuardContext {
    const { encoding, standardStrings, readOnly, group } = this;
    return { encoding, standardStrings, readOnly, group, session: this };
  }

  statement(kind: Statement['kind'], text: PreparedText, values: readonly BoundValue[] = []): Statement {
    const { application, transaction } = this;
    return {
      id: this.#nextId(),
      at: this.#clock.now,
      connection: this.#connection,
      kind,
      sql: text.sql,
      exact: text.exact,
      changesNames: text.changesNames,
      standardStrings: text.standardStrings ?? this.standardStrings,
      values,
      application,
      transaction,
    };
  }

  /** What a Bind makes ready to run. */
  bound({ statement, values }: BindMessage): Statement {
    const text = this.blurred ? undefined : this.prepared.find(statement);
    if (text !== undefined) return this.statement('bind', text, values);
    // PREPARE made it, or nobody: SQL has the words for the same.
    return this.statement('portal', { sql: `EXECUTE ${quoted(statement)}`, exact: true }, values);
  }

  /** Undefined: a cursor that SQL opened. */
  portal(name: string): Statement | undefined {
    return this.portals.find(name);
  }

  cursor(name: string, rows: number): Statement {
    const count = rows > 0 ? `FORWARD ${rows}` : 'ALL';
    return this.statement('portal', { sql: `FETCH ${count} FROM ${quoted(name)}`, exact: true });
  }

  bindDone(statement: Statement): void {
    this.#unused.push(statement);
  }

  used(statement: Statement): void {
    // Nearly always there is one, or it is the first.
    if (this.#unused[0] === statement) this.#unused.shift();
    else if (this.#unused.length > 0) this.#unused = this.#unused.filter((one) => one !== statement);
  }

  /** Portals end with their transaction. What was bound and never executed. */
  transactionEnded(): readonly Statement[] {
    this.portals.forget();
    if (this.#unused.length === 0) return none;
    const unused = this.#unused;
    this.#unused = [];
    return unused;
  }

  /** SQL that was run may have taken names away: what they stand for then, SQL alone knows. */
  ran({ sql, changesNames: known }: Statement): void {
    if (!this.prepared.any || !(known ?? changesNames(sql))) return;
    const [, bare, inQuotes] =
      /^\s*deallocate\s+(?:prepare\s+)?(?:([a-z_][a-z0-9_$]*)|"([^"]+)")\s*;?\s*$/i.exec(sql) ?? [];
    const folded = bare?.toLowerCase();
    this.prepared.forget(folded === 'all' || folded === 'prepare' ? undefined : (folded ?? inQuotes));
  }

  /** The ParameterStatus messages of a login. */
  readGreeting(greeting: Buffer): void {
    for (let offset = 0; offset + 5 <= greeting.length; offset += 1 + greeting.readUInt32BE(offset + 1)) {
      if (greeting[offset] !== 0x53) continue;
      const [name = '', value = ''] = greeting
        .toString('utf8', offset + 5, offset + 1 + greeting.readUInt32BE(offset + 1))
        .split('\0');
      this.parameterChanged(name, value);
    }
  }

  parameterChanged(name: string, value: string): void {
    if (name === 'application_name') this.application = value;
    else if (name === 'client_encoding') this.encoding = value;
    else if (name === 'standard_conforming_strings') this.standardStrings = value === 'on';
    else if (name === 'default_transaction_read_only') this.readOnly = value === 'on';
  }
}

const none: readonly Statement[] = [];

/** Names of prepared statements can be used again after these. */
export function changesNames(sql: string): boolean {
  return /deallocate|discard/i.test(sql);
}

function quoted(name: string): string {
  return `"${Buffer.from(name, 'latin1').toString('utf8').replaceAll('"', '""')}"`;
}
