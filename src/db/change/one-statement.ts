import type { Client, Connection, Submittable } from 'pg';
import { type ExtendedWire, isStatementError } from '../extended-wire.ts';

/** What came of one statement. */
export interface StatementResult {
  /** `UPDATE 3` */
  readonly tag: string;
  /** Of what it returned; undefined: it returns no rows. */
  readonly columns: readonly string[] | undefined;
  /** Those that are kept; `more` were counted and dropped. */
  readonly rows: readonly (readonly (string | null)[])[];
  readonly more: number;
}

/** A change's own look at what it did is a handful of rows; who wants more has `forge db query`. */
const mostRows = 1_000;
const mostCharacters = 100_000;

/**
 * Runs exactly one statement, by the extended protocol: the server itself refuses a text that holds two, however it
 * reads quotes. Rejects with the server's error, or that of the connection.
 */
export function runOneStatement(client: Client, sql: string): Promise<StatementResult> {
  return new Promise((resolve, reject) => {
    client.query(new OneStatement(sql, resolve, reject));
  });
}

class OneStatement implements Submittable {
  readonly #sql: string;
  readonly #resolve: (result: StatementResult) => void;
  readonly #reject: (error: unknown) => void;
  readonly #rows: (readonly (string | null)[])[] = [];
  #columns: readonly string[] | undefined;
  #characters = 0;
  #more = 0;
  #tag = '';
  #failure: unknown;

  constructor(sql: string, resolve: (result: StatementResult) => void, reject: (error: unknown) => void) {
    this.#sql = sql;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  submit(connection: Connection): undefined {
    // pg leaves the query at its first error, but the server is ready only later.
    connection.once('readyForQuery', () => {
      if (this.#failure !== undefined) return this.#reject(this.#failure);
      this.#resolve({ tag: this.#tag, columns: this.#columns, rows: this.#rows, more: this.#more });
    });
    const wire = connection as unknown as ExtendedWire;
    wire.parse({ text: this.#sql, name: '', types: [] });
    wire.bind({ values: [] });
    wire.describe({ type: 'P', name: '' });
    wire.execute({ portal: '', rows: 0 });
    wire.sync();
  }

  handleRowDescription({ fields }: { fields: readonly { readonly name: string }[] }): void {
    this.#columns = fields.map(({ name }) => name);
  }

  handleDataRow({ fields }: { fields: readonly (string | null)[] }): void {
    this.#characters += fields.reduce((sum, field) => sum + (field?.length ?? 0), 0);
    if (this.#rows.length >= mostRows || this.#characters > mostCharacters) this.#more++;
    else this.#rows.push([...fields]);
  }

  handleCommandComplete({ text }: { text: string }): void {
    this.#tag = text;
  }

  handleEmptyQuery(): void {}
  handlePortalSuspended(): void {}
  handleReadyForQuery(): void {}
  handleCopyData(): void {}

  handleCopyInResponse(connection: Connection): void {
    (connection as unknown as ExtendedWire).sendCopyFail('a change has no rows to send');
  }

  /** Of the server (then readyForQuery follows, unless it is FATAL) or of the connection (then nothing does). */
  handleError(error: unknown): void {
    this.#failure ??= error;
    if (!isStatementError(error)) this.#reject(this.#failure);
  }
}
