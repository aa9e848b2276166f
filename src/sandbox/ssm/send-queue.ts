/** The agent never sends more in a message. */
export const largestPayload = 1_024;

interface Entry {
  readonly payloadType: number;
  readonly characters: boolean;
  bytes: Buffer;
}

/**
 * What waits to be sent, as whole writes; messages are made of it only when they can go, so that many small writes
 * fill one message and a large one is spread over many. Frames of a port session come unaligned that way, as from AWS.
 */
export class SendQueue {
  #entries: Entry[] = [];
  /** Entries before it are taken. */
  #first = 0;
  #bytes = 0;

  get bytes(): number {
    return this.#bytes;
  }

  push(payloadType: number, bytes: Buffer, characters: boolean): void {
    if (bytes.length === 0) return;
    this.#entries.push({ payloadType, characters, bytes });
    this.#bytes += bytes.length;
  }

  clear(): void {
    this.#entries = [];
    this.#first = 0;
    this.#bytes = 0;
  }

  /** At most `largestPayload` bytes of one payload type. */
  take(): { readonly payloadType: number; readonly bytes: Buffer } | undefined {
    const head = this.#entries[this.#first];
    if (head === undefined) return undefined;
    const { payloadType, characters } = head;
    const parts: Buffer[] = [];
    let room = largestPayload;
    for (;;) {
      const entry = this.#entries[this.#first];
      if (entry === undefined || room === 0) break;
      if (parts.length > 0 && (entry.payloadType !== payloadType || !mayBeJoined(payloadType))) break;
      const length = entry.bytes.length <= room ? entry.bytes.length : cutAt(entry.bytes, room, characters);
      if (length === 0) break;
      parts.push(entry.bytes.subarray(0, length));
      room -= length;
      if (length < entry.bytes.length) {
        entry.bytes = entry.bytes.subarray(length);
        break;
      }
      this.#first++;
    }
    if (this.#first > 1_024 || this.#first === this.#entries.length) {
      this.#entries = this.#entries.slice(this.#first);
      this.#first = 0;
    }
    const bytes = parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts);
    this.#bytes -= bytes.length;
    return { payloadType, bytes };
  }
}

/** Only what is a stream of bytes; everything else is one message by meaning. */
function mayBeJoined(payloadType: number): boolean {
  return payloadType === 1 || payloadType === 11;
}

/** The last boundary of a UTF-8 character within `room`; bytes that are no UTF-8 are cut where they are. */
function cutAt(bytes: Buffer, room: number, characters: boolean): number {
  if (!characters) return room;
  for (let at = room; at > room - 4 && at >= 0; at--) {
    if (((bytes[at] ?? 0) & 0xc0) !== 0x80) return at;
  }
  return room;
}
