import { PayloadType } from './wire/payload.ts';

export interface Outgoing {
  readonly payloadType: number;
  readonly bytes: Uint8Array;
}

/** Bytes that may wait for the window before `add` asks to be waited for. */
const enough = 256 * 1024;

/**
 * What waits for the window. Bytes of one kind that stand in line are filled up to whole messages; whoever adds to
 * a long line waits until it is short again, which is what carries the agent's pace back to local sockets.
 */
export class Outbox {
  readonly #line: Outgoing[] = [];
  #first = 0;
  #bytes = 0;
  readonly #waiting: Waiting[] = [];
  #closed: Error | undefined;

  get isEmpty(): boolean {
    return this.#first === this.#line.length;
  }

  add(payloadType: number, bytes: Uint8Array): void {
    this.#line.push({ payloadType, bytes });
    this.#bytes += bytes.length;
  }

  /** Undefined while there is room. */
  room(): Promise<void> | undefined {
    if (this.#closed !== undefined) return Promise.reject(this.#closed);
    if (this.#bytes < enough) return undefined;
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
    });
  }

  /** The next payload, of at most `limit` bytes when it is output. */
  take(limit: number): Outgoing | undefined {
    const head = this.#line[this.#first];
    if (head === undefined) return undefined;
    if (head.payloadType !== PayloadType.output) return this.#shift(head);
    if (head.bytes.length > limit) {
      this.#line[this.#first] = { ...head, bytes: head.bytes.subarray(limit) };
      this.#bytes -= limit;
      return { ...head, bytes: head.bytes.subarray(0, limit) };
    }
    if (head.bytes.length === limit) return this.#shift(head);
    return this.#fill(head, limit);
  }

  /** Lets those go on who wait, once there is room. */
  release(): void {
    if (this.#bytes >= enough / 2 || this.#waiting.length === 0) return;
    for (const { resolve } of this.#waiting.splice(0)) resolve();
  }

  close(error: Error): void {
    this.#closed = error;
    this.#line.length = 0;
    this.#first = 0;
    this.#bytes = 0;
    for (const { reject } of this.#waiting.splice(0)) reject(error);
  }

  #shift(head: Outgoing): Outgoing {
    this.#bytes -= head.bytes.length;
    this.#first++;
    if (this.#first === this.#line.length) {
      this.#line.length = 0;
      this.#first = 0;
    } else if (this.#first >= 1_024) {
      this.#line.splice(0, this.#first);
      this.#first = 0;
    }
    return head;
  }

  #fill(head: Outgoing, limit: number): Outgoing {
    const pieces = [this.#shift(head).bytes];
    let length = head.bytes.length;
    while (length < limit) {
      const next = this.#line[this.#first];
      if (next === undefined || next.payloadType !== PayloadType.output) break;
      const piece = next.bytes.subarray(0, limit - length);
      pieces.push(piece);
      length += piece.length;
      if (piece.length === next.bytes.length) {
        this.#shift(next);
      } else {
        this.#line[this.#first] = { ...next, bytes: next.bytes.subarray(piece.length) };
        this.#bytes -= piece.length;
      }
    }
    return pieces.length === 1 ? head : { ...head, bytes: Buffer.concat(pieces, length) };
  }
}

interface Waiting {
  resolve(): void;
  reject(error: Error): void;
}
