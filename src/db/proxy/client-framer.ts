import { ProtocolViolation } from './protocol-violation.ts';

/** A message of the client, or as much of it as must be read before the rest may pass. */
export class ClientMessage {
  readonly type: number;
  /** To be sent on: header and body. */
  readonly bytes: Buffer;
  /** Bytes of the message that are still to come, as `rest`. */
  readonly more: number;
  /** It is longer than may be read whole: it can only be refused. */
  readonly oversized: boolean;

  constructor(type: number, bytes: Buffer, more: number, oversized: boolean) {
    this.type = type;
    this.bytes = bytes;
    this.more = more;
    this.oversized = oversized;
  }

  get body(): Buffer {
    return this.bytes.subarray(headerBytes);
  }
}

export interface ClientSink {
  message(message: ClientMessage): void;
  /** More of the message before. */
  rest(bytes: Buffer): void;
}

/** SQL must be read whole before it may be sent. */
export const longestSql = 16 * 1024 * 1024;
/** What of a Bind or a function call is looked at: the names and the first values. */
const lookedAt = 64 * 1024;
/** PostgreSQL takes names of any length and uses 63 bytes of them. */
const longestName = 64 * 1024;
/** PQ_LARGE_MESSAGE_LIMIT: MaxAllocSize - 1. */
const longestMessage = 0x3fff_fffe;
const headerBytes = 5;

/** How much of each type must be there: [bytes, whether a longer one is let through in pieces]. */
const needed: Readonly<Record<number, readonly [number, boolean]>> = {
  [code('Q')]: [longestSql, false],
  [code('P')]: [longestSql, false],
  [code('B')]: [lookedAt, true],
  [code('F')]: [lookedAt, true],
  [code('D')]: [longestName, false],
  [code('E')]: [longestName, false],
  [code('C')]: [longestName, false],
  [code('d')]: [0, true],
  [code('f')]: [0, true],
  [code('c')]: [0, false],
  [code('H')]: [0, false],
  [code('S')]: [0, false],
  [code('X')]: [0, false],
};

/**
 * Cuts what a client sends after its login into messages
 * (https://www.postgresql.org/docs/current/protocol-message-formats.html). What is large passes in pieces, so that
 * memory grows neither with what a client claims nor with what it copies. Throws a ProtocolViolation.
 */
export class ClientFramer {
  #held = Buffer.alloc(0);
  #used = 0;
  #wanted = headerBytes;
  #more = 0;

  push(chunk: Buffer, sink: ClientSink): void {
    let bytes = chunk;
    if (this.#more > 0) {
      const passed = bytes.subarray(0, this.#more);
      this.#more -= passed.length;
      sink.rest(passed);
      bytes = bytes.subarray(passed.length);
    }
    if (this.#used > 0) {
      this.#hold(bytes);
      if (this.#used < this.#wanted) return;
      bytes = this.#held.subarray(0, this.#used);
      this.#held = Buffer.alloc(0);
      this.#used = 0;
    }
    this.#cut(bytes, sink);
  }

  #cut(bytes: Buffer, sink: ClientSink): void {
    let offset = 0;
    this.#wanted = headerBytes;
    while (bytes.length - offset >= headerBytes) {
      const type = bytes[offset] ?? 0;
      const length = bytes.readInt32BE(offset + 1) - 4;
      const rule = needed[type];
      if (rule === undefined) throw new ProtocolViolation(`invalid frontend message type ${type}`);
      if (length < 0 || length > longestMessage) throw new ProtocolViolation('invalid message length');
      const [most, inPieces] = rule;
      const oversized = length > most && !inPieces;
      if (oversized && most === 0) throw new ProtocolViolation('invalid message format');
      // Of what is only refused nothing needs to be kept.
      const body = oversized ? 0 : Math.min(length, most);
      const start = offset + headerBytes;
      if (start + body > bytes.length) {
        this.#wanted = headerBytes + body;
        break;
      }
      const end = start + body;
      this.#more = length - body;
      const whole = offset === 0 && end === bytes.length ? bytes : bytes.subarray(offset, end);
      sink.message(new ClientMessage(type, whole, this.#more, oversized));
      offset = end;
      if (this.#more > 0) {
        const passed = bytes.subarray(offset, offset + this.#more);
        this.#more -= passed.length;
        offset += passed.length;
        if (passed.length > 0) sink.rest(passed);
      }
    }
    if (offset < bytes.length) this.#hold(bytes.subarray(offset));
  }

  #hold(bytes: Buffer): void {
    const total = this.#used + bytes.length;
    if (total > this.#held.length) {
      const grown = Buffer.allocUnsafe(Math.max(total, this.#held.length * 2, 1024));
      this.#held.copy(grown, 0, 0, this.#used);
      this.#held = grown;
    }
    bytes.copy(this.#held, this.#used);
    this.#used = total;
  }
}

function code(character: string): number {
  return character.charCodeAt(0);
}
