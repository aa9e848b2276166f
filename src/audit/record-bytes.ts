import { hash as digest } from 'node:crypto';

/** What is between the record and its hash, and behind it. */
const beforeHash = ',"hash":"';
const afterHash = '"}\n';
/** Of a SHA-256. */
const hexBytes = 64;
/** Bytes that a line has beside its record. */
const sealBytes = ',"previous":""'.length + beforeHash.length + afterHash.length + 2 * hexBytes;
const leastBytes = 8 * 1024;
const mostKept = 4 * 1024 * 1024;
/** A character of JavaScript is three bytes of UTF-8 at most. */
const widest = 3;

/** Lines as bytes, put together where they are hashed and written from: for thousands of records a second. */
export class RecordBytes {
  #bytes = Buffer.allocUnsafe(leastBytes);
  #used = 0;
  #previous: string;

  constructor(previous: string) {
    this.#previous = previous;
  }

  /** The hash of the last record. */
  get head(): string {
    return this.#previous;
  }

  get length(): number {
    return this.#used;
  }

  /** `open`: the record as encodeRecord writes it, from `{"at"` on, without `previous` and its last brace. */
  add(open: string): void {
    const start = this.#used;
    this.#reserve(start + open.length * widest + sealBytes);
    const bytes = this.#bytes;
    const end = start + bytes.write(`${open},"previous":"${this.#previous}"}`, start);
    this.#previous = digest('sha256', bytes.subarray(start, end), 'hex');
    const seal = `${beforeHash}${this.#previous}${afterHash}`;
    this.#used = end - 1 + bytes.write(seal, end - 1, 'latin1');
  }

  /** All lines since the last call, with their line feeds. They are overwritten by the next. */
  take(): Buffer {
    const taken = this.#bytes.subarray(0, this.#used);
    this.#used = 0;
    // One huge statement must not keep its room for the rest of the day.
    if (this.#bytes.length > mostKept) this.#bytes = Buffer.allocUnsafe(leastBytes);
    return taken;
  }

  #reserve(size: number): void {
    if (size <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafe(2 * size);
    this.#bytes.copy(grown, 0, 0, this.#used);
    this.#bytes = grown;
  }
}
