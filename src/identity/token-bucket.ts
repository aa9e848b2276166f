import { setTimeout as sleep } from 'node:timers/promises';
import type { Host } from '../host.ts';

export interface TokenBucketOptions {
  /** Turns a second in the long run. */
  readonly perSecond: number;
  /** Turns that may be taken at once after a rest. */
  readonly burst: number;
}

/** Paces calls to what the other side takes: everybody waits for a turn, in the order in which they asked. */
export class TokenBucket {
  readonly #host: Pick<Host, 'monotonic' | 'signal'>;
  readonly #spacing: number;
  readonly #burst: number;
  /** When the next turn would be due if nobody had rested; monotonic milliseconds. */
  #next = Number.NEGATIVE_INFINITY;

  constructor(host: Pick<Host, 'monotonic' | 'signal'>, options: TokenBucketOptions) {
    this.#host = host;
    this.#spacing = 1_000 / options.perSecond;
    this.#burst = options.burst;
  }

  /** Resolves when it is this caller's turn. Rejects with the signal's reason when the command is interrupted. */
  async take(): Promise<void> {
    this.#host.signal.throwIfAborted();
    const now = this.#host.monotonic();
    const due = Math.max(this.#next, now - (this.#burst - 1) * this.#spacing);
    this.#next = due + this.#spacing;
    if (due > now) await this.#wait(due - now);
  }

  /** Nobody's turn comes before this many milliseconds: the other side has asked to slow down. */
  rest(milliseconds: number): void {
    const until = this.#host.monotonic() + milliseconds + (this.#burst - 1) * this.#spacing;
    this.#next = Math.max(this.#next, until);
  }

  async #wait(milliseconds: number): Promise<void> {
    try {
      await sleep(milliseconds, undefined, { signal: this.#host.signal });
    } catch {
      throw this.#host.signal.reason;
    }
  }
}
