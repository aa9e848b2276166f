import type { Duplex } from 'node:stream';
import { ClientSide } from './client-side.ts';
import type { Clock } from './clock.ts';
import { Outcomes } from './outcomes.ts';
import { Pipeline } from './pipeline.ts';
import { ProtocolViolation } from './protocol-violation.ts';
import { errorResponse } from './server-messages.ts';
import { ServerSide } from './server-side.ts';
import type { SessionState } from './session-state.ts';
import type { Refusal, StatementGuard, StatementWatcher } from './statement.ts';
import type { Upstream } from './upstream.ts';

export interface RelayParts {
  readonly clock: Clock;
  readonly client: Duplex;
  readonly upstream: Upstream;
  readonly guard: StatementGuard;
  readonly watcher: StatementWatcher;
  readonly state: SessionState;
  readonly lossPatienceMs?: number | undefined;
}

/** Of what the client sends while a record is written. */
const mostWaiting = 256 * 1024;
/** For a client that does not read, or a row that does not end. */
const patienceMs = 400;
const boundaryMs = 250;
/** For the request to stop what runs, which takes a connection of its own. */
const cancelMs = 700;

/** Both directions of one client's connection. `done` resolves when all is closed; it never rejects. */
export class Relay {
  readonly done: Promise<void>;
  readonly #parts: RelayParts;
  readonly #outcomes: Outcomes;
  readonly #pipeline: Pipeline;
  readonly #clientSide: ClientSide;
  readonly #serverSide: ServerSide;
  #busy = false;
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #clientEnded = false;
  #upstreamFull = false;
  #movers: (() => void)[] = [];
  /** The client took what was passed on last without holding any of it. */
  #roomy = true;
  readonly #pass = (bytes: Buffer): void => {
    this.#roomy = this.#parts.client.write(bytes);
  };
  #ending = false;
  /** The server is gone, and the client waits to hear why. */
  #tellLoss: ((refusal: Refusal) => void) | undefined;
  #closed = false;
  #resolveDone: () => void = () => {};

  constructor(parts: RelayParts) {
    this.#parts = parts;
    this.done = new Promise((resolve) => {
      this.#resolveDone = resolve;
    });
    const { client, upstream, state } = parts;
    const { guard, watcher, clock } = parts;
    this.#outcomes = new Outcomes(clock, state, watcher);
    this.#pipeline = new Pipeline(clock, this.#outcomes);
    this.#serverSide = new ServerSide(this.#pipeline, state);
    // Each member by its name: what is spread is another kind of object to V8 for each connection, and slow to read.
    this.#clientSide = new ClientSide({
      clock,
      state,
      guard,
      watcher,
      pipeline: this.#pipeline,
      send: (pieces) => this.#sendUpstream(pieces),
      moved: () => new Promise((resolve) => this.#movers.push(resolve)),
    });
    client.on('data', (chunk: Buffer) => this.#fromClient(chunk));
    client.on('drain', () => upstream.stream.resume());
    client.on('end', () => {
      this.#clientEnded = true;
      if (!this.#busy && this.#waiting.length === 0) upstream.stream.end();
    });
    client.on('error', () => this.#close());
    client.on('close', () => this.#close());
    upstream.stream.on('data', (chunk: Buffer) => this.#fromServer(chunk));
    upstream.stream.on('drain', () => {
      this.#upstreamFull = false;
      this.#resumeClient();
    });
    upstream.stream.on('end', () => this.#serverGone());
    upstream.stream.on('error', () => this.#serverGone());
    upstream.stream.on('close', () => this.#serverGone());
    client.resume();
    upstream.stream.resume();
  }

  /** Tells the client why, stops what runs, and is closed within a second, whether the client reads or not. */
  async end(refusal: Refusal): Promise<void> {
    this.#tellLoss?.(refusal);
    if (this.#ending || this.#closed) return this.done;
    this.#ending = true;
    const { client, upstream } = this.#parts;
    client.pause();
    // The server would go on with what it has begun until it has something to send.
    const stopped = this.#pipeline.idle ? undefined : within(cancelMs, upstream.cancel());
    this.#serverSide.stopAtBoundary();
    await this.#boundary();
    if (this.#serverSide.atBoundary) client.end(errorResponse('FATAL', refusal));
    const timer = setTimeout(() => this.#close(), patienceMs);
    client.resume();
    await this.done;
    clearTimeout(timer);
    await stopped;
  }

  /** What has begun to go to the client is whole, where that does not take long. */
  async #boundary(): Promise<void> {
    const { clock } = this.#parts;
    clock.tick();
    const stop = clock.monotonic + boundaryMs;
    while (!this.#serverSide.atBoundary && clock.monotonic < stop && !this.#closed) {
      await new Promise((resolve) => setTimeout(resolve, 10));
      clock.tick();
    }
  }

  #fromClient(chunk: Buffer): void {
    if (this.#ending || this.#closed) return;
    if (this.#busy) {
      this.#waiting.push(chunk);
      this.#waitingBytes += chunk.length;
      if (this.#waitingBytes > mostWaiting) this.#parts.client.pause();
      return;
    }
    this.#parts.clock.tick();
    let taken: Promise<void> | undefined;
    try {
      taken = this.#clientSide.receive(chunk);
    } catch (error) {
      this.#violated(error);
      return;
    }
    if (taken === undefined) return;
    this.#busy = true;
    taken.then(
      () => this.#next(),
      (error: unknown) => this.#violated(error),
    );
  }

  #next(): void {
    this.#busy = false;
    const chunks = this.#waiting;
    this.#waiting = [];
    this.#waitingBytes = 0;
    if (chunks.length > 0)
      this.#fromClient(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks));
    if (this.#busy) return;
    if (this.#clientEnded) this.#parts.upstream.stream.end();
    this.#resumeClient();
  }

  #resumeClient(): void {
    if (!this.#upstreamFull && this.#waitingBytes <= mostWaiting) this.#parts.client.resume();
  }

  #sendUpstream(pieces: readonly Buffer[]): void {
    const { stream } = this.#parts.upstream;
    if (this.#closed || this.#ending || stream.destroyed) return;
    let roomy = true;
    if (pieces.length > 1) stream.cork();
    for (const piece of pieces) roomy = stream.write(piece);
    if (pieces.length > 1) stream.uncork();
    if (roomy) return;
    this.#upstreamFull = true;
    this.#parts.client.pause();
  }

  #fromServer(chunk: Buffer): void {
    const { client, upstream } = this.#parts;
    if (this.#closed || client.writableEnded) return;
    this.#parts.clock.tick();
    this.#roomy = true;
    try {
      this.#serverSide.push(chunk, this.#pass);
    } catch (error) {
      this.#violated(error);
      return;
    }
    if (!this.#roomy) upstream.stream.pause();
    this.#outcomes.tell();
    if (this.#movers.length > 0) this.#move();
  }

  #move(): void {
    const movers = this.#movers;
    this.#movers = [];
    for (const move of movers) move();
  }

  #violated(error: unknown): void {
    if (this.#closed) return;
    const message = error instanceof ProtocolViolation ? error.message : `forge has failed: ${String(error)}`;
    void this.end({ sqlState: '08P01', message });
  }

  /** What was under way is not known any more; a server that ends without a word is explained. */
  #serverGone(): void {
    if (this.#closed || this.#ending) return;
    this.#ending = true;
    const silent = !this.#serverSide.saidGoodbye && !this.#clientEnded && this.#serverSide.atBoundary;
    const patience = this.#parts.lossPatienceMs;
    if (!silent || patience === undefined) {
      this.#leave(silent ? errorResponse('FATAL', lost) : undefined);
      return;
    }
    const timer = setTimeout(() => this.#tellLoss?.(lost), patience).unref();
    this.#tellLoss = (refusal) => {
      this.#tellLoss = undefined;
      clearTimeout(timer);
      this.#leave(errorResponse('FATAL', refusal));
    };
  }

  #leave(response: Buffer | undefined): void {
    const { client } = this.#parts;
    client.end(response);
    client.resume();
    setTimeout(() => this.#close(), patienceMs).unref();
  }

  #close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#tellLoss = undefined;
    const { client, upstream } = this.#parts;
    this.#parts.clock.tick();
    this.#pipeline.lost();
    this.#outcomes.end();
    client.destroy();
    upstream.stream.destroy();
    this.#waiting = [];
    this.#move();
    this.#resolveDone();
  }
}

const lost: Refusal = {
  sqlState: '08006',
  message: 'The connection to the database was lost.',
  hint: 'What was under way may have been done, or not. Connect again.',
};

/** Resolves by then, whatever comes of it. */
async function within(milliseconds: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, milliseconds);
  });
  await Promise.race([work.catch(() => {}), late]);
  clearTimeout(timer);
}
