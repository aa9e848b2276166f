import { ClientFramer, type ClientMessage } from './client-framer.ts';
import type { Pipeline } from './pipeline.ts';
import { type Asked, namesOf, readRequest } from './read-request.ts';
import { errorResponse } from './server-messages.ts';
import type { SessionState } from './session-state.ts';
import type { Refusal, StatementGuard, StatementWatcher } from './statement.ts';

/** What the client sent: a message, or more of the one before. */
type Step = ClientMessage | Buffer;

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
const simple = new Set([0x51, 0x46]);
/** Query, function call, Sync: the server answers ReadyForQuery. */
const ends = new Set([0x51, 0x46, 0x53]);
/** Query, function call, Parse, Bind, Execute, Describe, Close. */
const asksFor = new Set([0x51, 0x46, 0x50, 0x42, 0x45, 0x44, 0x43]);
/** Of what is decided and not sent yet. */
interface Unsent {
  readonly query: boolean;
  readonly end: boolean;
}
const nothingUnsent: Unsent = { query: false, end: false };
const withStep = ({ query: had, end }: Unsent, { type }: ClientMessage): Unsent => ({
  query: had || type === query,
  end: end || ends.has(type),
});

/**
 * Takes what the client sends: each statement is asked about, recorded, and only then sent. What arrives together is
 * recorded together. In place of a refused statement the server gets something that it can't parse, so that it fails
 * there and then by itself (a transaction is failed, a pipeline skipped up to its Sync), and the client gets the
 * refusal in place of that error.
 */
export class ClientSide {
  readonly #parts: ClientSideParts;
  readonly #framer = new ClientFramer();
  /** After a refusal in the extended protocol: nothing is sent up to the next Sync, as the server would skip it. */
  #skipping = false;
  /** The rest of the message is not sent either. */
  #discarding = false;

  constructor(parts: ClientSideParts) {
    this.#parts = parts;
  }

  /** Undefined when all was sent at once. Rejects or throws a ProtocolViolation. */
  receive(chunk: Buffer): Promise<void> | undefined {
    const steps: Step[] = [];
    const add = (step: Step) => void steps.push(step);
    this.#framer.push(chunk, { message: add, rest: add });
    return this.#take(steps);
  }

  /** Without a promise as long as nothing has to be waited for: what is recorded at once is sent at once. */
  #take(steps: readonly Step[]): Promise<void> | undefined {
    const decided: (Decided | Buffer)[] = [];
    let unsent = nothingUnsent;
    let recording = false;
    for (const [index, step] of steps.entries()) {
      if (Buffer.isBuffer(step)) {
        decided.push(step);
        continue;
      }
      if (this.#mustWait(step, unsent)) return this.#takeFrom(steps, index, decided, unsent);
      unsent = withStep(unsent, step);
      const one = this.#decide(step);
      if (one instanceof Promise) return this.#takeFrom(steps, index + 1, decided, unsent, one);
      recording ||= one.recorded !== undefined;
      decided.push(one);
    }
    if (recording) return this.#dispatchRecorded(decided);
    const out: Buffer[] = [];
    for (const one of decided)
      if (Buffer.isBuffer(one)) this.#rest(one, out);
      else this.#dispatch(one, out);
    if (out.length > 0) this.#parts.send(out);
    return undefined;
  }

  /** `begun` is decided, `coming` is being decided, then the steps from `start` on. */
  async #takeFrom(
    steps: readonly Step[],
    start: number,
    begun: readonly (Decided | Buffer)[],
    before: Unsent,
    coming?: Promise<Decided>,
  ): Promise<void> {
    let decided = [...begun];
    let unsent = before;
    if (coming !== undefined) decided.push(await coming);
    for (const step of steps.slice(start)) {
      if (Buffer.isBuffer(step)) {
        decided.push(step);
        continue;
      }
      if (this.#mustWait(step, unsent)) {
        await this.#dispatchRecorded(decided);
        decided = [];
        unsent = nothingUnsent;
        while (this.#mustWait(step)) await this.#parts.moved();
      }
      unsent = withStep(unsent, step);
      const one = this.#decide(step);
      decided.push(one instanceof Promise ? await one : one);
    }
    await this.#dispatchRecorded(decided);
  }

  /** What the name stands for hangs on an answer that is still to come. */
  #mustWait(message: ClientMessage, unsent = nothingUnsent): boolean {
    if (this.#skipping) return false;
    const { state, pipeline, guard } = this.#parts;
    if (guard.waits === true && asksFor.has(message.type) && !pipeline.copying)
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
      if (!simple.has(message.type)) this.#skipping = true;
    } else if (asked.statement !== undefined && asked.runs) {
      decided.recorded = this.#parts.watcher.before(asked.statement);
      // It is waited for when all of this chunk is; until then a failure is nobody's.
      decided.recorded?.catch(() => {});
    }
    return decided;
  }

  async #dispatchRecorded(decided: readonly (Decided | Buffer)[]): Promise<void> {
    const out: Buffer[] = [];
    let dropping = false;
    for (const one of decided) {
      if (Buffer.isBuffer(one)) {
        this.#rest(one, out);
        continue;
      }
      const { message } = one;
      if (message.type === sync) dropping = false;
      if (dropping && message.type !== terminate) {
        this.#drop(one);
        continue;
      }
      if (one.recorded !== undefined) {
        one.refusal = await one.recorded.then(
          () => undefined,
          (error: unknown) => notRecorded(error),
        );
        this.#parts.pipeline.tick();
        if (one.refusal !== undefined && !simple.has(message.type)) dropping = true;
      }
      this.#dispatch(one, out);
    }
    if (dropping) this.#skipping = true;
    if (out.length > 0) this.#parts.send(out);
  }

  #dispatch(decided: Decided, out: Buffer[]): void {
    const { asked, message, refusal } = decided;
    const { pipeline, watcher, state } = this.#parts;
    if (asked === skipped && message.type !== terminate) {
      this.#discarding = true;
      return;
    }
    this.#discarding = refusal !== undefined;
    if (refusal === undefined) {
      if (asked.request !== undefined) pipeline.sent(asked.request);
      out.push(message.bytes);
      return;
    }
    asked.request?.onDropped?.();
    const kind = simple.has(message.type) ? 'query' : 'parse';
    pipeline.sent({ kind, instead: errorResponse('ERROR', refusal) });
    out.push(asked.failing);
    if (asked.statement === undefined) return;
    const { sqlState } = refusal;
    const none = { tags: [], rows: 0, milliseconds: 0, transaction: state.transaction };
    watcher.after({ statement: asked.statement, end: 'refused', sqlState, ...none });
  }

  /** It was recorded, or not, and is not sent: one before it could not be recorded. */
  #drop({ asked }: Decided): void {
    const { watcher, state } = this.#parts;
    this.#discarding = true;
    asked.request?.onDropped?.();
    if (asked.statement === undefined || !asked.runs) return;
    const none = { tags: [], rows: 0, milliseconds: 0, sqlState: undefined, transaction: state.transaction };
    watcher.after({ statement: asked.statement, end: 'skipped', ...none });
  }

  #rest(bytes: Buffer, out: Buffer[]): void {
    if (!this.#discarding) out.push(bytes);
  }
}

const skipped: Asked = {
  request: undefined,
  statement: undefined,
  runs: false,
  refusal: undefined,
  failing: Buffer.alloc(0),
};

function notRecorded(error: unknown): Refusal {
  const why = error instanceof Error ? error.message : String(error);
  return {
    sqlState: '58030',
    message: `forge can't record this statement, so it was not sent: ${why}`,
    hint: 'Nothing was run. Once statements can be recorded again, send it again.',
  };
}
