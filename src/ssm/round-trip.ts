/** Milliseconds. */
const firstTimeout = 200;
const shortestTimeout = 100;
const longestTimeout = 1_000;
const firstEstimate = 100;

/**
 * How long an acknowledgement takes, and from when on a message counts as lost: Jacobson's estimate with the agent's
 * own numbers. Only messages that were sent once are samples (Karn): of others nobody knows which copy was answered.
 * What was backed off stays so until the next sample, or a round trip beyond the first timeout would never be learnt.
 */
export class RoundTrip {
  #smoothed = firstEstimate;
  #variation = 0;
  #shortest = Number.POSITIVE_INFINITY;
  #timeout = firstTimeout;

  sample(milliseconds: number): void {
    this.#shortest = Math.min(this.#shortest, milliseconds);
    this.#variation = (3 * this.#variation + Math.abs(this.#smoothed - milliseconds)) / 4;
    this.#smoothed = (7 * this.#smoothed + milliseconds) / 8;
    const timeout = this.#smoothed + Math.max(10, 4 * this.#variation);
    this.#timeout = Math.min(longestTimeout, Math.max(shortestTimeout, timeout));
  }

  backOff(): void {
    this.#timeout = Math.min(longestTimeout, this.#timeout * 2);
  }

  get timeout(): number {
    return this.#timeout;
  }

  /** Undefined before the first sample. */
  get smoothed(): number | undefined {
    return this.#shortest === Number.POSITIVE_INFINITY ? undefined : this.#smoothed;
  }

  /** Whether messages stand in a line at the agent: more of them on their way would only make it longer. */
  get queueing(): boolean {
    return this.#smoothed > 2 * this.#shortest + 100;
  }
}
