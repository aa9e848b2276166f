import type { Clock } from './clock.ts';
import { type Ended, nothing, type PipelineEvents } from './pipeline.ts';
import type { SessionState } from './session-state.ts';
import type { Outcome, Statement, StatementWatcher, TransactionState } from './statement.ts';

/** Outcomes wait for the transaction's state, in a pipeline that may have no end. */
const mostHeld = 256;

/** What becomes of one client's statements: what the session is at then, and what the watcher is told. */
export class Outcomes implements PipelineEvents {
  readonly #clock: Clock;
  readonly #state: SessionState;
  readonly #watcher: StatementWatcher;
  #held: Ended[] = [];
  #settled: readonly Outcome[] = [];

  constructor(clock: Clock, state: SessionState, watcher: StatementWatcher) {
    this.#clock = clock;
    this.#state = state;
    this.#watcher = watcher;
  }

  outcome(outcome: Ended): void {
    this.#state.used(outcome.statement);
    this.#held.push(outcome);
    if (this.#held.length >= mostHeld) this.#settle();
  }

  ready(transaction: TransactionState): void {
    this.#state.transaction = transaction;
    if (transaction === 'idle') this.#transactionEnded();
    this.#settle();
  }

  bound(statement: Statement): void {
    this.#state.bindDone(statement);
  }

  tag(tag: string, statement: Statement | undefined): void {
    // SQL has closed a portal, and may open a cursor of that name.
    if (tag.startsWith('CLOSE CURSOR')) this.#state.portals.forget();
    if (statement !== undefined) this.#state.ran(statement);
  }

  /** The connection is gone. */
  end(): void {
    this.#transactionEnded();
    this.#settle();
    this.tell();
  }

  /** Only once the client has its answer: writing them down takes longer than passing it on. */
  tell(): void {
    if (this.#settled.length === 0) return;
    const settled = this.#settled;
    this.#settled = none;
    for (const outcome of settled) this.#watcher.after(outcome);
  }

  #transactionEnded(): void {
    for (const statement of this.#state.transactionEnded())
      this.#held.push({ at: this.#clock.now, statement, end: 'unused', ...nothing });
  }

  #settle(): void {
    const { transaction } = this.#state;
    const held = this.#held;
    if (held.length === 0) return;
    for (const outcome of held) outcome.transaction = transaction;
    // A new list costs less than to empty one.
    this.#held = [];
    this.#settled = this.#settled.length === 0 ? held : [...this.#settled, ...held];
  }
}

const none: readonly Outcome[] = [];
