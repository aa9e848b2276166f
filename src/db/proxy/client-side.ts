import { ClientFramer, type ClientMessage, restOfMessage } from './client-framer.ts';
import { Outgoing } from './outgoing.ts';
import type { Pipeline } from './pipeline.ts';
import { type Asked, namesOf, readRequest } from './read-request.ts';
import { Request } from './request.ts';
import { errorResponse } from './server-messages.ts';
import type { SessionState } from './session-state.ts';
import type { Refusal, StatementGuard, StatementWatcher } from './statement.ts';

interface Decided {
  readonly asked: Asked;
  readonly message: ClientMessage;
  refusal: Refusal | undefined;
  recorded: Promise<void> | undefined;
}

export interface ClientSideParts {
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
/** Of what is decided and not sent yet. */
interface Unsent {
  readonly query: boolean;
  readonly end: boolean;
}
const nothingUnsent: Unsent = { query: false, end: false };
const queryUnsent: Unsent = { query: true, end: true };
const endUnsent: Unsent = { query: false, end: true };
const withMessage = (before: Unsent, { type }: ClientMessage): Unsent =>
  type === query || before.query
    ? queryUnsent
    : before.end || ends[type] === true
      ? endUnsent
      : nothingUnsent;

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
    const decided: Decided[] = [];
    let unsent = nothingUnsent;
    let recording = false;
    for (let index = 0; index < messages.length; index++) {
      const message = messages[index];
      if (message === undefined) break;
      if (this.#mustWait(message, unsent)) return this.#takeFrom(messages, index, decided, unsent);
      unsent = withMessage(unsent, message);
      const one = this.#decide(message);
      if (one instanceof Promise) return this.#takeFrom(messages, index + 1, decided, unsent, one);
      recording ||= one.recorded !== undefined;
      decided.push(one);
    }
    if (recording) return this.#dispatchRecorded(decided);
    for (const one of decided) this.#dispatch(one);
    this.#send();
    return undefined;
  }

  /** `begun` is decided, `coming` is being decided, then the messages from `start` on. */
  async #takeFrom(
    messages: readonly ClientMessage[],
    start: number,
    begun: readonly Decided[],
    before: Unsent,
    coming?: Promise<Decided>,
  ): Promise<void> {
    let decided = [...begun];
    let unsent = before;
    if (coming !== undefined) decided.push(await coming);
    for (const message of messages.slice(start)) {
      if (this.#mustWait(message, unsent)) {
        await this.#dispatchRecorded(decided);
        decided = [];
        unsent = nothingUnsent;
        while (this.#mustWait(message)) await this.#parts.moved();
      }
      unsent = withMessage(unsent, message);
      const one = this.#decide(message);
      decided.push(one instanceof Promise ? await one : one);
    }
    await this.#dispatchRecorded(decided);
  }

  /** What the name stands for hangs on an answer that is still to come. */
  #mustWait(message: ClientMessage, unsent = nothingUnsent): boolean {
    if (this.#skipping) return false;
    const { state, pipeline, guard } = this.#parts;
    if (guard.waits === true && asksFor[message.type] === true && !pipeline.copying)
      if (unsent.end || pipeline.endsUnanswered) return true;
    if (message.type !== bind && message.type !== execute) return false;
    const afterQuery = unsent.query || pipeline.hasQuery;
    if (!afterQuery && state.prepared.allSettled(state.group) && state.portals.allSettled(state.group))
      return false;
    const named = namesOf(message);
    if (named === undefined || pipeline.copying) return false;
    const [whose, name] = named;
    return afterQuery || !state[whose].isSettled(name, state.group);
  }

  #read(message: ClientMessage): Decided {
    const asked = readRequest(this.#parts.state, message);
    return { asked, message, refusal: asked.refusal, recorded: undefined };
  }

  /** What is skipped. */
  #begin(message: ClientMessage): Decided | undefined {
    if (message.type === sync) this.#skipping = false;
    return this.#skipping ? { asked: skipped, message, refusal: undefined, recorded: undefined } : undefined;
  }

  /** Without a pause where nobody needs one: what comes in one chunk is recorded in one write. */
  #decide(message: ClientMessage): Decided | Promise<Decided> {
    if (message.type === restOfMessage)
      return { asked: passed, message, refusal: undefined, recorded: undefined };
    const dropped = this.#begin(message);
    if (dropped !== undefined) return dropped;
    const decided = this.#read(message);
    const { statement } = decided.asked;
    if (statement === undefined || decided.refusal !== undefined) return this.#judged(decided, undefined);
    const { guard, state } = this.#parts;
    const checked = guard.check(statement, state.context);
    if (!(checked instanceof Promise)) return this.#judged(decided, checked);
    return checked.then((refusal) => this.#judged(decided, refusal));
  }

  #judged(decided: Decided, refusal: Refusal | undefined): Decided {
    const { asked, message } = decided;
    decided.refusal ??= refusal;
    if (decided.refusal !== undefined) {
      if (simple[message.type] !== true) this.#skipping = true;
    } else if (asked.statement !== undefined && asked.runs) {
      decided.recorded = this.#parts.watcher.before(asked.statement);
      // It is waited for when all of this chunk is; until then a failure is nobody's.
      decided.recorded?.catch(() => {});
    }
    return decided;
  }

  async #dispatchRecorded(decided: readonly Decided[]): Promise<void> {
    let dropping = false;
    for (const one of decided) {
      const { message } = one;
      if (message.type === sync) dropping = false;
      if (dropping && message.type !== terminate && message.type !== restOfMessage) {
        this.#drop(one);
        continue;
      }
      if (one.recorded !== undefined) {
        one.refusal = await one.recorded.then(
          () => undefined,
          (error: unknown) => notRecorded(error),
        );
        this.#parts.pipeline.tick();
        if (one.refusal !== undefined && simple[message.type] !== true) dropping = true;
      }
      this.#dispatch(one);
    }
    if (dropping) this.#skipping = true;
    this.#send();
  }

  #dispatch({ asked, message, refusal }: Decided): void {
    const out = this.#outgoing;
    if (message.type === restOfMessage) {
      if (!this.#discarding) out.add(message.source, message.start, message.end);
      return;
    }
    const { pipeline, watcher, state } = this.#parts;
    if (asked === skipped && message.type !== terminate) {
      this.#discarding = true;
      return;
    }
    this.#discarding = refusal !== undefined;
    if (refusal === undefined) {
      if (asked.request !== undefined) pipeline.sent(asked.request);
      out.add(message.source, message.start, message.end);
      return;
    }
    asked.request?.settlement?.drop();
    const kind = simple[message.type] === true ? 'query' : 'parse';
    pipeline.sent(new Request(kind, undefined, undefined, errorResponse('ERROR', refusal)));
    out.add(asked.failing, 0, asked.failing.length);
    if (asked.statement === undefined) return;
    const { sqlState } = refusal;
    const none = { tags: [], rows: 0, milliseconds: 0, transaction: state.transaction };
    watcher.after({ statement: asked.statement, end: 'refused', sqlState, ...none });
  }

  /** It was recorded, or not, and is not sent: one before it could not be recorded. */
  #drop({ asked }: Decided): void {
    const { watcher, state } = this.#parts;
    this.#discarding = true;
    asked.request?.settlement?.drop();
    if (asked.statement === undefined || !asked.runs) return;
    const none = { tags: [], rows: 0, milliseconds: 0, sqlState: undefined, transaction: state.transaction };
    watcher.after({ statement: asked.statement, end: 'skipped', ...none });
  }

  #send(): void {
    const pieces = this.#outgoing.take();
    if (pieces.length > 0) this.#parts.send(pieces);
  }
}

const passed: Asked = {
  request: undefined,
  statement: undefined,
  runs: false,
  refusal: undefined,
  failing: Buffer.alloc(0),
};

const skipped: Asked = { ...passed };

function notRecorded(error: unknown): Refusal {
  const why = error instanceof Error ? error.message : String(error);
  return {
    sqlState: '58030',
    message: `forge can't record this statement, so it was not sent: ${why}`,
    hint: 'Nothing was run. Once statements can be recorded again, send it again.',
  };
}
