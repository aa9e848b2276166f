const leastBytes = 8 * 1024;
const mostKept = 4 * 1024 * 1024;
/** A character of JavaScript is three bytes of UTF-8 at most. */
const widest = 3;

/** Lines as bytes, put together where they are written from: for thousands of records a second. */
export class RecordBytes {
  #bytes = Buffer.allocUnsafe(leastBytes);
  #used = 0;

  get length(): number {
    return this.#used;
  }

  /** With its line feed. */
  add(line: string): void {
    const start = this.#used;
    const most = start + line.length * widest;
    if (most > this.#bytes.length) this.#grow(most);
    this.#used = start + this.#bytes.write(line, start);
  }

  /** All lines since the last call. They are overwritten by the next. */
  take(): Buffer {
    const taken = this.#bytes.subarray(0, this.#used);
    this.#used = 0;
    // One huge statement must not keep its room for the rest of the day.
    if (this.#bytes.length > mostKept) this.#bytes = Buffer.allocUnsafe(leastBytes);
    return taken;
  }

  #grow(size: number): void {
    const grown = Buffer.allocUnsafe(2 * size);
    this.#bytes.copy(grown, 0, 0, this.#used);
    this.#bytes = grown;
  }
}
