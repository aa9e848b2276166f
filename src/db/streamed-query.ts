import type { Connection, Submittable } from 'pg';
import { type ExtendedWire, isStatementError } from './extended-wire.ts';
import type { ResultColumn, ResultRow } from './result-format.ts';

/**
 * What a query tells while it runs, in the order of the wire. Called from inside pg's parser, which an exception
 * would leave in pieces: these must not throw.
 */
export interface QueryEvents {
  columns(columns: readonly ResultColumn[]): void;
  row(values: ResultRow): void;
  /** The tag of a finished statement: `SELECT 5`, `UPDATE 3`. */
  complete(tag: string): void;
  /** COPY … TO STDOUT; the bytes are only lent. */
  copyData(chunk: Uint8Array): void;
}

/**
 * A query for `pg` that keeps nothing: no result object, no parsed values, every row handed on as it comes.
 * `finished` settles when the server is ready for the next one, or the connection has ended.
 */
export class StreamedQuery implements Submittable {
  readonly finished: Promise<void>;
  /** Set when the server asked for the rows of a COPY … FROM STDIN, which was refused. */
  copyInRefused = false;
  #settle: (error?: unknown) => void = () => {};
  #failure: unknown;
  readonly #text: string;
  readonly #values: readonly string[];
  readonly #events: QueryEvents;

  constructor(text: string, values: readonly string[], events: QueryEvents) {
    this.#text = text;
    this.#values = values;
    this.#events = events;
    this.finished = new Promise((resolve, reject) => {
      this.#settle = (error) => (error === undefined ? resolve() : reject(error));
    });
    // Whoever runs it awaits it; until then a failure must not look unhandled.
    this.finished.catch(() => {});
  }

  submit(connection: Connection): undefined {
    // pg leaves the query at its first error, but the server is ready only later.
    connection.once('readyForQuery', () => this.#settle(this.#failure));
    if (this.#values.length === 0) {
      connection.query(this.#text);
      return;
    }
    const wire = connection as unknown as ExtendedWire;
    wire.parse({ text: this.#text, name: '', types: [] });
    wire.bind({ values: [...this.#values] });
    wire.describe({ type: 'P', name: '' });
    wire.execute({ portal: '', rows: 0 });
    wire.sync();
  }

  handleRowDescription({ fields }: { fields: readonly { name: string; dataTypeID: number }[] }): void {
    this.#events.columns(fields.map((field) => ({ name: field.name, type: field.dataTypeID })));
  }

  handleDataRow({ fields }: { fields: ResultRow }): void {
    this.#events.row(fields);
  }

  handleCommandComplete({ text }: { text: string }): void {
    this.#events.complete(text);
  }

  handleCopyData({ chunk }: { chunk: Uint8Array }): void {
    this.#events.copyData(chunk);
  }

  handleCopyInResponse(connection: Connection): void {
    this.copyInRefused = true;
    (connection as unknown as ExtendedWire).sendCopyFail('forge sends no rows');
  }

  handleEmptyQuery(): void {}
  handlePortalSuspended(): void {}
  handleReadyForQuery(): void {}

  /** Of the server (then readyForQuery follows, unless it is FATAL) or of the connection (then nothing does). */
  handleError(error: unknown): void {
    this.#failure ??= error;
    if (!isStatementError(error)) this.#settle(this.#failure);
  }
}
