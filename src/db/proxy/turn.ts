/**
 * One turn of the event loop, for all connections of a proxy: what several of them send in it is recorded in one write,
 * which else takes a tenth of all that the proxy does for a statement. Nobody waits for it but for what has come already.
 */
export class Turn {
  /** Connections with something that the server has not answered. */
  busy = 0;
  #waiting: (() => void)[] = [];

  /** Calls once all that has come is read. `run` never throws. */
  atItsEnd(run: () => void): void {
    if (this.#waiting.push(run) === 1) setImmediate(this.#end);
  }

  readonly #end = (): void => {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const run of waiting) run();
  };
}
