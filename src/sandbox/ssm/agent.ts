import type { AgentMessage } from '../../ssm/wire/agent-message.ts';
import type { ChannelFaults } from './channel-faults.ts';
import { startCommand } from './command-worker.ts';
import { Handshake, isEncrypted, needsHandshake } from './handshake.ts';
import type { Machine } from './machine.ts';
import { Payload } from './payloads.ts';
import { startPort } from './port-worker.ts';
import { ReliableLink, type Taken } from './reliable-link.ts';
import type { Session } from './session.ts';
import { startTerminal } from './terminal-worker.ts';
import type { Worker, WorkerContext } from './worker.ts';

export interface AgentParts {
  readonly session: Session;
  readonly machine: Machine;
  readonly faults: ChannelFaults;
  /** AWS's clock. */
  now(): number;
  transmit(frame: Buffer): void;
  destination(host: string, port: number): Promise<number | undefined>;
  /** The agent is through; the service tells the client. */
  ended(output: string): void;
}

/** How long what was said last may take to be acknowledged. */
const lastWordsMs = 2_000;

/** The agent of one session: its link, its handshake and what it runs. Ends with the session, not with a socket. */
export class Agent implements Disposable {
  readonly link: ReliableLink;
  readonly #parts: AgentParts;
  readonly #handshake: Handshake;
  #state: 'handshake' | 'starting' | 'ready' | 'over' = 'handshake';
  #worker: Worker | undefined;
  #waitsFor: NodeJS.Timeout | undefined;
  #nextTake = 0;
  #taking: NodeJS.Timeout | undefined;

  constructor(parts: AgentParts) {
    this.#parts = parts;
    const { faults, session } = parts;
    this.#handshake = new Handshake({
      session,
      send: (payloadType, bytes) => this.link.send(payloadType, bytes),
      done: () => this.#startSoon(),
      failed: (reason) => this.#finish(reason),
    });
    this.link = new ReliableLink({
      now: parts.now,
      transmit: parts.transmit,
      seal: (payloadType, bytes) => this.#seal(payloadType, bytes),
      receive: (message) => this.#receive(message),
      options: { paceMs: faults.agentPaceMs, resendAll: faults.resendAll },
    });
  }

  start(): void {
    if (needsHandshake(this.#parts.session)) this.#handshake.start();
    else this.#startSoon();
  }

  [Symbol.dispose](): void {
    this.#state = 'over';
    clearTimeout(this.#waitsFor);
    clearTimeout(this.#taking);
    this.#handshake[Symbol.dispose]();
    this.link[Symbol.dispose]();
    this.#worker?.kill();
    this.#worker = undefined;
  }

  #startSoon(): void {
    this.#state = 'starting';
    const { notReadyMs } = this.#parts.faults;
    if (notReadyMs === 0) void this.#startWorker();
    else this.#waitsFor = setTimeout(() => void this.#startWorker(), notReadyMs);
  }

  async #startWorker(): Promise<void> {
    const { type } = this.#parts.session.plan;
    const start =
      type === 'Port' ? startPort : type === 'NonInteractiveCommands' ? startCommand : startTerminal;
    try {
      const worker = await start(this.#context());
      if (this.#state === 'over') return worker.kill();
      this.#worker = worker;
      if (this.#state === 'starting') this.#state = 'ready';
      this.link.retry();
    } catch (error) {
      this.#finish(error instanceof Error ? error.message : String(error));
    }
  }

  #context(): WorkerContext {
    const { session, machine, destination } = this.#parts;
    return {
      session,
      machine,
      destination,
      output: (payloadType, bytes, cut) => {
        if (this.#state !== 'over') this.link.send(payloadType, bytes, cut);
      },
      congested: () => this.link.congested,
      whenDrained: (listener) => this.link.whenDrained(listener),
      retry: () => {
        if (this.#state === 'ready') this.link.retry();
      },
      finish: (output) => this.#finish(output),
    };
  }

  #receive(message: AgentMessage): Taken {
    const { payloadType } = message;
    const payload = Buffer.from(message.payload);
    if (this.#state === 'handshake') {
      // AWS's agent acknowledges and throws away what comes too early.
      this.#handshake.take(payloadType, payload);
      return 'taken';
    }
    if (this.#state !== 'ready' || this.#worker === undefined) return 'refused';
    if (!this.#mayTake()) return 'later';
    this.#parts.session.usedAt = this.#parts.now();
    const opened = this.#open(payloadType, payload);
    if (opened === undefined) {
      this.#finish('Failed to decrypt data from the client.');
      return 'refused';
    }
    return this.#worker.take(payloadType, opened);
  }

  /** The ordered pace: one message in so many milliseconds. */
  #mayTake(): boolean {
    const { agentTakesMs } = this.#parts.faults;
    if (agentTakesMs === 0) return true;
    const now = performance.now();
    if (now >= this.#nextTake) {
      this.#nextTake = Math.max(this.#nextTake + agentTakesMs, now);
      return true;
    }
    this.#taking ??= setTimeout(() => {
      this.#taking = undefined;
      this.link.retry();
    }, this.#nextTake - now);
    return false;
  }

  #seal(payloadType: number, bytes: Buffer): Buffer {
    const secret =
      payloadType === Payload.output || payloadType === Payload.stderr || payloadType === Payload.exitCode;
    const { cipher } = this.#handshake;
    return secret && cipher !== undefined ? cipher.seal(bytes) : bytes;
  }

  #open(payloadType: number, payload: Buffer): Buffer | undefined {
    const { cipher } = this.#handshake;
    const sealed = payloadType === Payload.output && isEncrypted(this.#parts.session);
    return sealed && cipher !== undefined ? cipher.open(payload) : payload;
  }

  #finish(output: string): void {
    if (this.#state === 'over') return;
    this.#state = 'over';
    this.#worker?.kill();
    const deadline = performance.now() + lastWordsMs;
    const settle = () => {
      if (!this.link.settled && performance.now() < deadline) this.#waitsFor = setTimeout(settle, 5);
      else this.#parts.ended(output);
    };
    settle();
  }
}
