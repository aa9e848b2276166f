import type { Host } from '../../host.ts';

/** As the clocks were read last: once for all that comes together. One for all connections of a proxy. */
export class Clock {
  readonly #host: Pick<Host, 'monotonic' | 'now'>;
  /** Milliseconds that only grow. */
  monotonic = 0;
  /** Milliseconds since 1970: read again a millisecond later, for no record is more precise. */
  now = 0;
  #readAt = Number.NEGATIVE_INFINITY;

  constructor(host: Pick<Host, 'monotonic' | 'now'>) {
    this.#host = host;
  }

  tick(): void {
    const monotonic = this.#host.monotonic();
    this.monotonic = monotonic;
    if (monotonic - this.#readAt < 1) return;
    this.#readAt = monotonic;
    this.now = this.#host.now();
  }
}
