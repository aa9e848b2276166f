import type { BoundValue } from './bound-value.ts';

/** What a client asks the server to run. */
export interface Statement {
  /** Counts within the proxy, from 1. */
  readonly id: number;
  /** When it was taken up: milliseconds since 1970. */
  readonly at: number;
  /** Of the client connection, counts within the proxy. */
  readonly connection: number;
  /**
   * `query`: simple protocol, may be several statements. `prepare`: a Parse, which runs nothing. `bind`: with its
   * values; it is planned at once, which can run functions already, and executed by what follows. `portal`: a cursor or
   * prepared statement that SQL made, whose text is in an earlier event. `function`: a call by number.
   */
  readonly kind: 'query' | 'prepare' | 'bind' | 'portal' | 'function';
  readonly sql: string;
  /** False when the bytes are not UTF-8: `sql` is then not what the server reads. */
  readonly exact: boolean;
  /** Whether it may take away names of prepared statements; undefined: nobody has looked. */
  readonly changesNames?: boolean | undefined;
  /** standard_conforming_strings, as the server last reported it before it got the text. */
  readonly standardStrings: boolean;
  readonly values: readonly BoundValue[];
  /** application_name, as the client last set it. */
  readonly application: string;
  /** As of the last answer: idle, in a transaction, in a failed one. */
  readonly transaction: TransactionState;
}

export type TransactionState = 'idle' | 'open' | 'failed';

export interface Outcome {
  readonly statement: Statement;
  /** When it was known: milliseconds since 1970. */
  readonly at: number;
  /**
   * `suspended`: there are more rows than were asked for. `skipped`: the server never ran it, for an error before.
   * `refused`: never sent. `unused`: bound and not executed. `lost`: the connection ended first, nobody knows.
   */
  readonly end: 'done' | 'suspended' | 'failed' | 'skipped' | 'refused' | 'unused' | 'lost';
  /** Command tags, in order: `INSERT 0 1`; at most 100. */
  readonly tags: readonly string[];
  /** Sent to the client or changed, as the tags say. */
  readonly rows: number;
  readonly sqlState: string | undefined;
  /** From when it was sent upstream. */
  readonly milliseconds: number;
  /** After it. */
  readonly transaction: TransactionState;
}

/** Why a statement is not sent. */
export interface Refusal {
  readonly sqlState: string;
  readonly message: string;
  readonly hint?: string | undefined;
}

/** What the guard knows beside the statement. */
export interface GuardContext {
  /** client_encoding of the session: in some, a lexer that thinks of UTF-8 can be deceived. */
  readonly encoding: string;
  readonly standardStrings: boolean;
  /** default_transaction_read_only as the server last reported it; those before PostgreSQL 14 don't. */
  readonly readOnly: boolean | undefined;
  /** Whose it is: the same object for all of one connection. */
  readonly session: object;
  /** Which Sync comes next: up to it the server tells nothing of what has changed. */
  readonly group: number;
}

/** Decides what may be sent. Asked for each Query, Parse, Bind, function call, in order. */
export interface StatementGuard {
  check(statement: Statement, context: GuardContext): Refusal | undefined | Promise<Refusal | undefined>;
  /** It must know what what was sent before has come to: nothing is sent behind a Sync or Query that is not answered. */
  readonly waits?: boolean;
}

export interface StatementWatcher {
  /**
   * Takes note of a statement that is to be sent. It is recorded once this is fulfilled; undefined: once `put` has
   * returned. Rejecting: it is not sent. Never throws.
   */
  before(statement: Statement): Promise<void> | undefined;
  /**
   * Records all that `before` has taken note of, for whichever connection. Throws: none of it may be sent, and it throws
   * from then on, so that the others hear of it, too.
   */
  put(): void;
  /** Also for what was never announced: a failed or refused Parse, a refused statement. */
  after(outcome: Outcome): void;
}
