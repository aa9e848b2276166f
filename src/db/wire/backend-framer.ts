import { assertMessage, assertType, type FramePhase } from './backend-message.ts';
import { WireFailure } from './wire-failure.ts';

/** Before the server has shown a valid login there is nothing that needs more. */
const startupLimit = 1024 * 1024;
/** One row: PostgreSQL's own limit for a field is 1 GB, which no terminal and no JavaScript string can take. */
const messageLimit = 256 * 1024 * 1024;
const headerBytes = 5;

/**
 * Cuts the server's bytes into whole messages and checks the structure of each
 * (https://www.postgresql.org/docs/current/protocol-message-formats.html) before `pg` sees it: pg-protocol
 * 1.16 loops for ever on an error message without its last NUL, dies on a negative field count, and allocates
 * whatever a length field asks for. Memory here grows with bytes received, never with a length that was claimed.
 */
export class BackendFramer {
  readonly #phase: FramePhase = { ready: false, columns: undefined };
  #held = Buffer.alloc(0);
  #used = 0;
  #needed = headerBytes;

  /** All whole messages up to now, checked; undefined while the first is incomplete. Throws a WireFailure. */
  push(chunk: Buffer): Buffer | undefined {
    let bytes = chunk;
    if (this.#used > 0) {
      this.#hold(chunk);
      if (this.#used < this.#needed) return undefined;
      bytes = this.#held.subarray(0, this.#used);
    }
    const end = this.#check(bytes);
    const rest = bytes.subarray(end);
    this.#held = Buffer.alloc(0);
    this.#used = 0;
    if (rest.length > 0) this.#hold(rest);
    return end === 0 ? undefined : bytes.subarray(0, end);
  }

  /** Where the last whole message ends. */
  #check(bytes: Buffer): number {
    let offset = 0;
    this.#needed = headerBytes;
    while (bytes.length - offset >= headerBytes) {
      const type = bytes[offset] ?? 0;
      const length = bytes.readUInt32BE(offset + 1);
      if (length < 4 || length > (this.#phase.ready ? messageLimit : startupLimit)) {
        throw new WireFailure(
          'protocol',
          'LENGTH',
          `a message of type 0x${type.toString(16)} claims ${length} bytes`,
        );
      }
      const end = offset + 1 + length;
      if (end > bytes.length) {
        assertType(type, this.#phase);
        this.#needed = 1 + length;
        break;
      }
      assertMessage(type, bytes, offset + headerBytes, end, this.#phase);
      offset = end;
    }
    return offset;
  }

  #hold(bytes: Buffer): void {
    const total = this.#used + bytes.length;
    if (total > this.#held.length) {
      const grown = Buffer.allocUnsafe(Math.max(total, this.#held.length * 2, 32 * 1024));
      this.#held.copy(grown, 0, 0, this.#used);
      this.#held = grown;
    }
    bytes.copy(this.#held, this.#used);
    this.#used = total;
  }
}
