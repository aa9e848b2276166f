import type { Clock } from './clock.ts';
import { answers, completes, kinds, outOfTurn } from './expected-answers.ts';
import { ProtocolViolation } from './protocol-violation.ts';
import type { Request } from './request.ts';
import type { Outcome, Statement, TransactionState } from './statement.ts';

/** An outcome that is still to learn how it leaves the transaction. */
export type Ended = Omit<Outcome, 'transaction'> & { transaction: TransactionState };

export interface PipelineEvents {
  /** Its transaction is as of the next ReadyForQuery, and set then. */
  outcome(outcome: Ended): void;
  /** ReadyForQuery. */
  ready(transaction: TransactionState): void;
  /** A Bind has worked. */
  bound(statement: Statement): void;
  /** A statement was completed with this tag. */
  tag(tag: string, statement: Statement | undefined): void;
}

const mostTags = 100;
const [copyIn, copyOut, suspended] = [0x47, 0x48, 0x73];

/**
 * Pairs what the server answers with what it was sent, exactly
 * (https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-PIPELINING; postgres.c: PostgresMain,
 * SocketBackend). After an error in the extended protocol the server skips everything up to the next Sync. What fits
 * nothing that was asked is a ProtocolViolation: a record must not name the wrong statement.
 */
export class Pipeline {
  readonly #clock: Clock;
  readonly #events: PipelineEvents;
  #queue: Request[] = [];
  #first = 0;
  /** An error was answered, and no Sync has been sent since. */
  #skipping = false;
  /** While a COPY failed it read some Syncs, nobody can say how many: up to so many are never answered. */
  #uncertainSyncs = 0;
  #lastDoneAt = 0;
  #queries = 0;
  #lastRun: Statement | undefined;
  /** Of each statement that was not run it is said once. */
  readonly #skipped = new WeakSet<Statement>();

  constructor(clock: Clock, events: PipelineEvents) {
    this.#clock = clock;
    this.#events = events;
  }

  get idle(): boolean {
    return this.#head() === undefined;
  }

  get length(): number {
    return this.#queue.length - this.#first;
  }

  sent(request: Request): void {
    if (this.#skipping) {
      if (request.kind !== kinds.sync) {
        this.#drop(request, 'skipped');
        return;
      }
      this.#skipping = false;
    }
    request.sentAt = this.#clock.monotonic;
    this.#queue.push(request);
    if (request.kind === kinds.query) this.#queries++;
  }

  /** A simple query is not answered yet: what names stand for after it nobody can say. */
  get hasQuery(): boolean {
    return this.#queries > 0;
  }

  /** What was sent last ends with a ReadyForQuery that has not come. */
  get endsUnanswered(): boolean {
    let last = this.#queue.length - 1;
    while (last >= this.#first && this.#queue[last]?.kind === kinds.copyEnd) last--;
    const kind = last < this.#first ? 0 : (this.#queue[last]?.kind ?? 0);
    return ((kinds.sync | kinds.query | kinds.function) & kind) !== 0;
  }

  /** The server waits for the client's data. */
  get copying(): boolean {
    return this.#head()?.copying === true;
  }

  /** The error that is about to come is to be replaced by this. */
  get insteadOfError(): Buffer | undefined {
    return this.#answering(0x45)?.instead;
  }

  rows(count: number): void {
    const head = this.#answering(0x44);
    if (head?.kind !== kinds.query && head?.kind !== kinds.execute) throw outOfTurn(0x44);
    head.seen += count;
  }

  /** A message by its type alone. */
  answered(type: number): void {
    const head = this.#answering(type);
    const expected = answers[type] ?? 0;
    if (expected === 0)
      throw new ProtocolViolation(
        `a message of type ${JSON.stringify(String.fromCharCode(type))} is none that a server sends`,
      );
    if (head === undefined || (expected & head.kind) === 0) throw outOfTurn(type);
    if (type === copyIn || type === copyOut) head.copying = type === copyIn;
    else if (type === suspended) this.#done('suspended');
    else if (((completes[type] ?? 0) & head.kind) !== 0) this.#done();
  }

  completed(tag: string): void {
    const head = this.#answering(0x43);
    if (head?.kind !== kinds.query && head?.kind !== kinds.execute) throw outOfTurn(0x43);
    if (head.tags.length === 0) head.tags = [tag];
    else if (head.tags.length < mostTags) head.tags = [...head.tags, tag];
    if (head.copying) this.#endCopy(head, true);
    head.rows += countOf(tag) ?? head.seen;
    head.seen = 0;
    this.#events.tag(tag, head.statement);
    if (head.kind === kinds.execute) this.#done();
  }

  failed(sqlState: string, message: string): void {
    const head = this.#answering(0x45);
    // The server speaks by itself: it ends the connection.
    if (head === undefined) return;
    head.sqlState ??= sqlState;
    if (head.copying) this.#endCopy(head, false, sqlState === '08P01' && message.startsWith('unexpected'));
    if (head.kind === kinds.query || head.kind === kinds.function || head.kind === kinds.sync) return;
    this.#first++;
    head.settlement?.drop();
    this.#report(head, head.statement, 'failed');
    if (head.statement !== undefined) this.#skipped.add(head.statement);
    this.#skipping = true;
    for (let next = this.#queue[this.#first]; next !== undefined; next = this.#queue[this.#first]) {
      if (next.kind === kinds.sync) {
        this.#skipping = false;
        break;
      }
      this.#first++;
      if (next.kind === kinds.query) this.#queries--;
      this.#drop(next, 'skipped');
    }
    this.#tidy();
  }

  ready(transaction: TransactionState): void {
    const head = this.#answering(0x5a);
    if (head?.kind !== kinds.query && head?.kind !== kinds.function && head?.kind !== kinds.sync)
      throw outOfTurn(0x5a);
    this.#done(head.sqlState === undefined ? 'done' : 'failed');
    this.#events.ready(transaction);
  }

  /** The connection is gone. */
  lost(): void {
    for (const pending of this.#queue.slice(this.#first)) this.#drop(pending, 'lost');
    this.#queue = [];
    this.#first = 0;
    this.#queries = 0;
  }

  #head(): Request | undefined {
    // The end of a COPY that has failed already: the server takes it and says nothing.
    while (this.#queue[this.#first]?.kind === kinds.copyEnd) this.#first++;
    return this.#queue[this.#first];
  }

  /** What the server is at when it sends this type. */
  #answering(type: number): Request | undefined {
    let head = this.#head();
    while (head?.kind === kinds.sync && this.#uncertainSyncs > 0 && type !== 0x5a && this.length > 1) {
      this.#uncertainSyncs--;
      this.#first++;
      head = this.#head();
    }
    return head;
  }

  /**
   * In a COPY the server passes over Sync and Flush, and ends it at CopyDone, CopyFail, or anything else, which is an
   * error (copyfromparse.c: CopyGetData).
   */
  #endCopy(head: Request, worked: boolean, unexpected = false): void {
    head.copying = false;
    const rest = this.#queue.slice(this.#first + 1);
    const end = rest.findIndex(({ kind }) => kind !== kinds.sync);
    const read = end < 0 ? rest.length : end;
    if (!worked) {
      this.#uncertainSyncs += read;
      // A query's error is followed by more at once; in the extended protocol it is skipped with all others.
      if (!unexpected || head.kind !== kinds.query || end < 0) return;
      const [intruder] = this.#queue.splice(this.#first + 1 + end, 1);
      if (intruder?.kind === kinds.query) this.#queries--;
      if (intruder !== undefined) this.#drop(intruder, 'skipped');
      return;
    }
    this.#queue.splice(this.#first + 1, read + (rest[read]?.kind === kinds.copyEnd ? 1 : 0));
  }

  #done(end: Outcome['end'] = 'done'): void {
    const head = this.#queue[this.#first];
    if (head === undefined) return;
    this.#first++;
    if (head.kind === kinds.query) this.#queries--;
    this.#tidy();
    head.settlement?.confirm();
    if (head.kind === kinds.bind && head.statement !== undefined) this.#events.bound(head.statement);
    if ((runs & head.kind) !== 0) this.#report(head, head.statement, end);
    // A Sync that fails is a commit that fails: a deferred constraint.
    else if (end === 'failed') this.#report(head, this.#lastRun, end);
  }

  #drop(request: Request, end: 'skipped' | 'lost'): void {
    request.settlement?.drop();
    const { statement, kind } = request;
    if (statement === undefined || ((runs | kinds.bind) & kind) === 0 || this.#skipped.has(statement)) return;
    this.#skipped.add(statement);
    this.#events.outcome({ at: this.#clock.now, statement, end, ...nothing });
  }

  #report(head: Request, statement: Statement | undefined, end: Outcome['end']): void {
    // In a pipeline it began when the one before was done.
    const { monotonic, now: at } = this.#clock;
    const milliseconds = monotonic - Math.max(head.sentAt, this.#lastDoneAt);
    this.#lastDoneAt = monotonic;
    const { tags, seen, sqlState } = head;
    if (statement === undefined) return;
    this.#lastRun = statement;
    const rows = head.rows + seen;
    this.#events.outcome({ at, statement, end, tags, rows, sqlState, milliseconds, transaction: 'idle' });
  }

  #tidy(): void {
    if (this.#first === this.#queue.length) {
      // A new list costs less than to empty one.
      this.#queue = [];
      this.#first = 0;
      return;
    }
    if (this.#first < 64 || this.#first * 2 < this.#queue.length) return;
    this.#queue = this.#queue.slice(this.#first);
    this.#first = 0;
  }
}

export const nothing = {
  tags: [],
  rows: 0,
  sqlState: undefined,
  milliseconds: 0,
  transaction: 'idle' as TransactionState,
};
const runs = kinds.query | kinds.function | kinds.execute;

/** `INSERT 0 1`, `SELECT 5`: the number at its end. */
function countOf(tag: string): number | undefined {
  let at = tag.length;
  while (at > 0 && isDigit(tag.charCodeAt(at - 1))) at--;
  return at === tag.length || at === 0 || tag[at - 1] !== ' ' ? undefined : Number(tag.slice(at));
}

const isDigit = (code: number) => code >= 0x30 && code <= 0x39;
