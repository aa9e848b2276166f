/** What is to be sent, in as few pieces as it lies in memory: what came in one chunk goes on as that chunk. */
export class Outgoing {
  #pieces: Buffer[] = [];
  #source: Buffer | undefined;
  #start = 0;
  #end = 0;

  add(source: Buffer, start: number, end: number): void {
    if (source === this.#source && start === this.#end) {
      this.#end = end;
      return;
    }
    this.#close();
    this.#source = source;
    this.#start = start;
    this.#end = end;
  }

  /** All of it, once. */
  take(): readonly Buffer[] {
    this.#close();
    const pieces = this.#pieces;
    this.#pieces = [];
    return pieces;
  }

  #close(): void {
    const source = this.#source;
    if (source === undefined) return;
    const whole = this.#start === 0 && this.#end === source.length;
    this.#pieces.push(whole ? source : source.subarray(this.#start, this.#end));
    this.#source = undefined;
  }
}
