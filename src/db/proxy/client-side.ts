import { ClientFramer, type ClientMessage, restOfMessage } from './client-framer.ts';
import type { Clock } from './clock.ts';
import { kinds } from './expected-answers.ts';
import { Outgoing } from './outgoing.ts';
import type { Pipeline } from './pipeline.ts';
import { failingFor, namesOf, readRequest } from './read-request.ts';
import { Request } from './request.ts';
import { errorResponse } from './server-messages.ts';
import type { SessionState } from './session-state.ts';
import type { Refusal, StatementGuard, StatementWatcher } from './statement.ts';

export interface ClientSideParts {
  readonly clock: Clock;
  readonly state: SessionState;
  readonly pipeline: Pipeline;
  readonly guard: StatementGuard;
  readonly watcher: StatementWatcher;
  /** Sends on to the server. */
  readonly send: (pieces: readonly Buffer[]) => void;
  /** Resolves when the pipeline has moved: a ReadyForQuery, a COPY that begins, the end. */
  readonly moved: () => Promise<void>;
}

const [query, sync, terminate] = [0x51, 0x53, 0x58];
const [bind, execute] = [0x42, 0x45];
/** By the type's number, which is quicker than a Set. */
const table = (types: string) => {
  const found: boolean[] = Array.from({ length: 256 }, () => false);
  for (const type of types) found[type.charCodeAt(0)] = true;
  return found;
};
/** Query, function call. */
const simple = table('QF');
/** Query, function call, Sync: the server answers ReadyForQuery. */
const ends = table('QFS');
/** Query, function call, Parse, Bind, Execute, Describe, Close. */
const asksFor = table('QFPBEDC');
/** Of what is decided and not sent yet, a bit each: a query, something that ends with a ReadyForQuery. */
type Unsent = number;
const nothingUnsent: Unsent = 0;
const [queryUnsent, endUnsent] = [1, 2];
const withMessage = (before: Unsent, { type }: ClientMessage): Unsent =>
  before | (type === query ? queryUnsent | endUnsent : ends[type] === true ? endUnsent : nothingUnsent);

/**
 * Takes what the client sends: each statement is asked about, recorded, and only then sent. What arrives together is
 * recorded together. In place of a refused statement the server gets something that it can't parse, so that it fails
 * there and then by itself (a transaction is failed, a pipeline skipped up to its Sync), and the client gets the
 * refusal in place of that error.
 */
export class ClientSide {
  readonly #parts: ClientSideParts;
  readonly #framer = new ClientFramer();
  readonly #outgoing = new Outgoing();
  /** After a refusal in the extended protocol: nothing is sent up to the next Sync, as the server would skip it. */
  #skipping = false;
  /** The rest of the message is not sent either. */
  #discarding = false;

  constructor(parts: ClientSideParts) {
    this.#parts = parts;
  }

  /** Undefined when all was sent at once. Rejects or throws a ProtocolViolation. */
  receive(chunk: Buffer): Promise<void> | undefined {
    return this.#take(this.#framer.push(chunk));
  }

  /** Without a promise as long as nothing has to be waited for: what is recorded at once is sent at once. */
  #take(messages: readonly ClientMessage[]): Promise<void> | undefined {
    let unsent = nothingUnsent;
    let noted = false;
    let recording = false;
    for (let index = 0; index < messages.length; index++) {
      const message = messages[index];
      if (message === undefined) break;
      if (this.#mustWait(message, unsent)) return this.#takeFrom(messages, index, unsent);
      unsent = withMessage(unsent, message);
      const deciding = this.#decide(message);
      if (deciding !== undefined) return this.#takeFrom(messages, index + 1, unsent, deciding);
      noted ||= message.noted;
      recording ||= message.recorded !== undefined;
    }
    if (recording) return this.#dispatchRecorded(messages);
    const refusal = noted ? this.#put() : undefined;
    if (refusal !== undefined) return this.#dispatchRecorded(messages, refusal);
    for (const message of messages) this.#dispatch(message);
    this.#send();
    return undefined;
  }

  /** In one write, all that is noted. */
  #put(): Refusal | undefined {
    try {
      this.#parts.watcher.put();
      return undefined;
    } catch (error) {
      return notRecorded(error);
    }
  }

  /** Those before `start` are decided, but for the last as long as `deciding` is under way. */
  async #takeFrom(
    messages: readonly ClientMessage[],
    start: number,
    before: Unsent,
    deciding?: Promise<void>,
  ): Promise<void> {
    let decided = messages.slice(0, start);
    let unsent = before;
    await deciding;
    for (const message of messages.slice(start)) {
      if (this.#mustWait(message, unsent)) {
        await this.#dispatchRecorded(decided);
        decided = [];
        unsent = nothingUnsent;
        while (this.#mustWait(message)) await this.#parts.moved();
      }
      unsent = withMessage(unsent, message);
      await this.#decide(message);
      decided.push(message);
    }
    await this.#dispatchRecorded(decided);
  }

  /** What the name stands for hangs on an answer that is still to come. */
  #mustWait(message: ClientMessage, unsent = nothingUnsent): boolean {
    if (this.#skipping) return false;
    const { state, pipeline, guard } = this.#parts;
    if (guard.waits === true && asksFor[message.type] === true && !pipeline.copying)
      if ((unsent & endUnsent) !== 0 || pipeline.endsUnanswered) return true;
    if (message.type !== bind && message.type !== execute) return false;
    const afterQuery = (unsent & queryUnsent) !== 0 || pipeline.hasQuery;
    if (!afterQuery && state.prepared.allSettled(state.group) && state.portals.allSettled(state.group))
      return false;
    const named = namesOf(message);
    if (named === undefined || pipeline.copying) return false;
    const [whose, name] = named;
    return afterQuery || !state[whose].isSettled(name, state.group);
  }

  /** Without a pause where nobody needs one: what comes in one chunk is recorded in one write. */
  #decide(message: ClientMessage): Promise<void> | undefined {
    if (message.type === restOfMessage) return undefined;
    if (message.type === sync) this.#skipping = false;
    if (this.#skipping) {
      message.skipped = true;
      return undefined;
    }
    const { guard, state } = this.#parts;
    readRequest(state, message);
    const { statement } = message;
    if (statement === undefined || message.refusal !== undefined) {
      this.#judged(message, undefined);
      return undefined;
    }
    const checked = guard.check(statement, state.context);
    if (checked instanceof Promise) return checked.then((refusal) => this.#judged(message, refusal));
    this.#judged(message, checked);
    return undefined;
  }

  #judged(message: ClientMessage, refusal: Refusal | undefined): void {
    message.refusal ??= refusal;
    if (message.refusal !== undefined) {
      if (simple[message.type] !== true) this.#skipping = true;
    } else if (message.statement !== undefined && message.runs) {
      message.noted = true;
      message.recorded = this.#parts.watcher.before(message.statement);
      // It is waited for when all of this chunk is; until then a failure is nobody's.
      message.recorded?.catch(() => {});
    }
  }

  /** `unrecorded`: why what was noted could not be put down. */
  async #dispatchRecorded(messages: readonly ClientMessage[], unrecorded = this.#put()): Promise<void> {
    let dropping = false;
    this.#parts.clock.tick();
    for (const message of messages) {
      if (message.type === sync) dropping = false;
      if (dropping && message.type !== terminate && message.type !== restOfMessage) {
        this.#drop(message);
        continue;
      }
      if (message.noted) {
        message.refusal = unrecorded;
        if (unrecorded === undefined && message.recorded !== undefined) {
          message.refusal = await message.recorded.then(
            () => undefined,
            (error: unknown) => notRecorded(error),
          );
          this.#parts.clock.tick();
        }
        if (message.refusal !== undefined && simple[message.type] !== true) dropping = true;
      }
      this.#dispatch(message);
    }
    if (dropping) this.#skipping = true;
    this.#send();
  }

  #dispatch(message: ClientMessage): void {
    const out = this.#outgoing;
    if (message.type === restOfMessage) {
      if (!this.#discarding) out.add(message.source, message.start, message.end);
      return;
    }
    if (message.skipped && message.type !== terminate) {
      this.#discarding = true;
      return;
    }
    const { pipeline } = this.#parts;
    this.#discarding = message.refusal !== undefined;
    if (message.refusal === undefined) {
      if (message.request !== undefined) pipeline.sent(message.request);
      out.add(message.source, message.start, message.end);
    } else this.#refuse(message, message.refusal);
  }

  #refuse(message: ClientMessage, refusal: Refusal): void {
    const { pipeline, watcher, state } = this.#parts;
    const settlement = message.request?.settlement;
    const isSimple = simple[message.type] === true;
    // The query that is sent in its place takes the unnamed statement away just so.
    if (!isSimple) settlement?.drop();
    pipeline.sent(
      new Request(
        isSimple ? kinds.query : kinds.parse,
        undefined,
        isSimple ? settlement : undefined,
        errorResponse('ERROR', refusal),
      ),
    );
    const failing = failingFor(message);
    this.#outgoing.add(failing, 0, failing.length);
    if (message.statement === undefined) return;
    const { sqlState } = refusal;
    const { now: at } = this.#parts.clock;
    const none = { at, tags: [], rows: 0, milliseconds: 0, transaction: state.transaction };
    watcher.after({ statement: message.statement, end: 'refused', sqlState, ...none });
  }

  /** It was noted, or not, and is not sent: one before it in its group could not be recorded. */
  #drop({ request, statement, noted }: ClientMessage): void {
    const { watcher, state } = this.#parts;
    this.#discarding = true;
    request?.settlement?.drop();
    if (statement === undefined || !noted) return;
    const { now: at } = this.#parts.clock;
    const { transaction } = state;
    const none = { at, tags: [], rows: 0, milliseconds: 0, sqlState: undefined, transaction };
    watcher.after({ statement, end: 'skipped', ...none });
  }

  #send(): void {
    const pieces = this.#outgoing.take();
    if (pieces.length > 0) this.#parts.send(pieces);
  }
}

function notRecorded(error: unknown): Refusal {
  const why = error instanceof Error ? error.message : String(error);
  return {
    sqlState: '58030',
    message: `forge can't record this statement, so it was not sent: ${why}`,
    hint: 'Nothing was run. See to the disk, then open the database again.',
  };
}
