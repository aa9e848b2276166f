/**
 * smux version 1 (github.com/xtaci/smux), as Session Manager's port sessions speak it: the payloads of one
 * direction, joined, are one row of frames, each with a little-endian header of version (u8), command (u8),
 * length (u16) and stream id (u32). Frames know nothing of the messages that carry them.
 */

export const SmuxCommand = { open: 0, close: 1, data: 2, keepalive: 3 } as const;
export type SmuxCommand = (typeof SmuxCommand)[keyof typeof SmuxCommand];

export interface SmuxFrame {
  readonly command: SmuxCommand;
  /** 0 for keepalive. */
  readonly streamId: number;
  /** Empty but for data. A view of the bytes pushed, where they came in one piece. */
  readonly payload: Buffer;
}

/** The row of frames is broken, and nothing behind the break can be told from noise: the session must end. */
export class SmuxError extends Error {
  override readonly name = 'SmuxError';
}

const headerBytes = 8;
const version = 1;
/** What AWS's ends send at most; they take 65535. */
export const largestPayload = 32_768;

/** @throws RangeError for a payload over 65535 bytes, which a frame can't say. */
export function encodeFrame(command: SmuxCommand, streamId: number, payload?: Uint8Array): Buffer {
  const length = payload?.length ?? 0;
  const frame = Buffer.allocUnsafe(headerBytes + length);
  frame[0] = version;
  frame[1] = command;
  frame.writeUInt16LE(length, 2);
  frame.writeUInt32LE(streamId, 4);
  if (payload !== undefined) frame.set(payload, headerBytes);
  return frame;
}

/** Data as frames of at most `largestPayload` bytes, in one buffer. */
export function encodeData(streamId: number, data: Uint8Array): Buffer {
  if (data.length <= largestPayload) return encodeFrame(SmuxCommand.data, streamId, data);
  const frames: Buffer[] = [];
  for (let start = 0; start < data.length; start += largestPayload) {
    frames.push(encodeFrame(SmuxCommand.data, streamId, data.subarray(start, start + largestPayload)));
  }
  return Buffer.concat(frames);
}

/**
 * Takes bytes as they come, gives the frames that are complete. Holds one unfinished frame at most: the length
 * field bounds it to 64 KiB and its header.
 */
export class FrameReader {
  readonly #parts: Buffer[] = [];
  #held = 0;
  #needed = headerBytes;
  #broken: SmuxError | undefined;

  /** @throws SmuxError at the first frame that version 1 does not have, and at every push after it. */
  push(bytes: Uint8Array): SmuxFrame[] {
    if (this.#broken !== undefined) throw this.#broken;
    this.#parts.push(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length));
    this.#held += bytes.length;
    // Joined only when something can be read: a frame that trickles in byte by byte costs no copy a byte.
    if (this.#held < this.#needed) return [];
    const joined =
      this.#parts.length === 1 ? (this.#parts[0] ?? Buffer.alloc(0)) : Buffer.concat(this.#parts);
    const frames: SmuxFrame[] = [];
    let at = 0;
    this.#needed = headerBytes;
    while (joined.length - at >= headerBytes) {
      const size = headerBytes + this.#checkHeader(joined, at);
      if (joined.length - at < size) {
        this.#needed = size;
        break;
      }
      frames.push({
        command: joined[at + 1] as SmuxCommand,
        streamId: joined.readUInt32LE(at + 4),
        payload: joined.subarray(at + headerBytes, at + size),
      });
      at += size;
    }
    this.#parts.length = 0;
    this.#held = joined.length - at;
    // A copy, so that a few bytes do not keep the whole of a large message alive.
    if (this.#held > 0) this.#parts.push(Buffer.from(joined.subarray(at)));
    return frames;
  }

  /** The payload's length. */
  #checkHeader(bytes: Buffer, at: number): number {
    const [frameVersion, command, length] = [bytes[at], bytes[at + 1] ?? 255, bytes.readUInt16LE(at + 2)];
    if (frameVersion !== version) throw this.#break(`smux version ${frameVersion}, where 1 was agreed`);
    if (command > SmuxCommand.keepalive) throw this.#break(`unknown smux command ${command}`);
    if (command !== SmuxCommand.data && length > 0) {
      throw this.#break(`smux command ${command} with ${length} bytes of data`);
    }
    return length;
  }

  #break(message: string): SmuxError {
    this.#broken = new SmuxError(message);
    return this.#broken;
  }
}
