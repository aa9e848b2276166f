import { ProtocolViolation } from './protocol-violation.ts';
import type { Request } from './request.ts';
import type { Refusal, Statement } from './statement.ts';

/**
 * A message of the client, or as much of it as must be read before the rest may pass: where it is, for a view of its own
 * costs more than to read it. What it asks for and what becomes of it is set as it is read and judged: one object, for
 * there are tens of thousands a second.
 */
export class ClientMessage {
  readonly type: number;
  readonly source: Buffer;
  /** Header and body are from `start` to `end` of `source`. */
  readonly start: number;
  readonly end: number;
  /** Bytes of the message that are still to come, each as a `restOfMessage`. */
  readonly more: number;
  /** It is longer than may be read whole: it can only be refused. */
  readonly oversized: boolean;
  /** Undefined: the server does not answer it. */
  request: Request | undefined = undefined;
  /** The guard decides on it. */
  statement: Statement | undefined = undefined;
  /** It runs something: it is recorded before it is sent. */
  runs = false;
  /** It can't be sent. */
  refusal: Refusal | undefined = undefined;
  /** After a refusal: the server would pass over it, so it is not sent. */
  skipped = false;
  /** The watcher has taken note of it. */
  noted = false;
  /** It may be sent once this is fulfilled; undefined: once all that is noted is put down. */
  recorded: Promise<void> | undefined = undefined;

  constructor(type: number, source: Buffer, start: number, end: number, more: number, oversized: boolean) {
    this.type = type;
    this.source = source;
    this.start = start;
    this.end = end;
    this.more = more;
    this.oversized = oversized;
  }

  /** Where its body begins. */
  get body(): number {
    return this.start + headerBytes;
  }
}

/** The type of what is more of the message before, from `start` to `end`; no message has it. */
export const restOfMessage = 0;

/** SQL must be read whole before it may be sent. */
export const longestSql = 16 * 1024 * 1024;
/** What of a Bind or a function call is looked at: the names and the first values. */
const lookedAt = 64 * 1024;
/** PostgreSQL takes names of any length and uses 63 bytes of them. */
const longestName = 64 * 1024;
/** PQ_LARGE_MESSAGE_LIMIT: MaxAllocSize - 1. */
const longestMessage = 0x3fff_fffe;
const headerBytes = 5;
const nothingHeld = Buffer.alloc(0);

const rules: readonly (readonly [types: string, most: number, inPieces: boolean])[] = [
  ['QP', longestSql, false],
  ['BF', lookedAt, true],
  ['DEC', longestName, false],
  ['df', 0, true],
  ['cHSX', 0, false],
];
/** How much of each type, by its number, must be there, and whether a longer one is let through in pieces. */
const needed: readonly ({ readonly most: number; readonly inPieces: boolean } | undefined)[] = Array.from(
  { length: 256 },
  (_, type) => {
    const rule = rules.find(([types]) => types.includes(String.fromCharCode(type)));
    return rule && { most: rule[1], inPieces: rule[2] };
  },
);

/**
 * Cuts what a client sends after its login into messages
 * (https://www.postgresql.org/docs/current/protocol-message-formats.html). What is large passes in pieces, so that
 * memory grows neither with what a client claims nor with what it copies. Throws a ProtocolViolation.
 */
export class ClientFramer {
  #held: Buffer = nothingHeld;
  #used = 0;
  #wanted = headerBytes;
  #more = 0;

  /** What is there of the messages, in order. */
  push(chunk: Buffer): readonly ClientMessage[] {
    const found: ClientMessage[] = [];
    const start = this.#more > 0 ? this.#pass(chunk, 0, found) : 0;
    if (this.#used === 0) this.#cut(chunk, start, found);
    else {
      this.#hold(start === 0 ? chunk : chunk.subarray(start));
      if (this.#used >= this.#wanted) {
        const held = this.#held.subarray(0, this.#used);
        this.#held = nothingHeld;
        this.#used = 0;
        this.#cut(held, 0, found);
      }
    }
    return found;
  }

  #cut(bytes: Buffer, start: number, found: ClientMessage[]): void {
    const { length } = bytes;
    let offset = start;
    this.#wanted = headerBytes;
    while (length - offset >= headerBytes) {
      const type = bytes[offset] ?? 0;
      const size = bytes.readInt32BE(offset + 1) - 4;
      const rule = needed[type];
      if (rule === undefined) throw new ProtocolViolation(`invalid frontend message type ${type}`);
      if (size < 0 || size > longestMessage) throw new ProtocolViolation('invalid message length');
      const oversized = size > rule.most && !rule.inPieces;
      if (oversized && rule.most === 0) throw new ProtocolViolation('invalid message format');
      // Of what is only refused nothing needs to be kept.
      const body = oversized ? 0 : Math.min(size, rule.most);
      const end = offset + headerBytes + body;
      if (end > length) {
        this.#wanted = headerBytes + body;
        break;
      }
      this.#more = size - body;
      found.push(new ClientMessage(type, bytes, offset, end, this.#more, oversized));
      offset = this.#more > 0 ? this.#pass(bytes, end, found) : end;
    }
    if (offset < length) this.#hold(offset === 0 ? bytes : bytes.subarray(offset));
  }

  /** More of the message that has begun: where it ends. */
  #pass(bytes: Buffer, start: number, found: ClientMessage[]): number {
    const end = Math.min(bytes.length, start + this.#more);
    this.#more -= end - start;
    if (end > start) found.push(new ClientMessage(restOfMessage, bytes, start, end, 0, false));
    return end;
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
