import type { Duplex } from 'node:stream';
import { createHeaderBlocks } from './header-blocks.ts';
import { SpdyStream } from './spdy-stream.ts';

/**
 * The server's side of SPDY/3.1 (draft-mbelshe-httpbis-spdy-00) as kubectl speaks it: the client opens streams, nobody
 * keeps windows. `transport` is a socket, or a WebSocket that carries the same bytes.
 */
export interface SpdyListener {
  stream(stream: SpdyStream): void;
  /** The transport is gone, or what came was not SPDY. */
  closed(): void;
}

const Control = { synStream: 1, synReply: 2, reset: 3, ping: 6, goAway: 7 } as const;
const fin = 0x01;
const headBytes = 8;
/** What a client may send in one frame. */
const longestFrame = 1024 * 1024;
const longestHeaders = 16 * 1024;
const mostStreams = 1_000;

export function serveSpdy(transport: Duplex, listener: SpdyListener): void {
  const streams = new Map<number, SpdyStream>();
  const headers = createHeaderBlocks();
  let over = false;
  const close = () => {
    if (over) return;
    over = true;
    headers[Symbol.dispose]();
    for (const stream of streams.values()) stream.destroy();
    streams.clear();
    transport.destroy();
    listener.closed();
  };
  const write = (frame: Buffer, sent: () => void = () => {}) => {
    if (over || transport.destroyed) return sent();
    transport.write(frame, () => sent());
  };
  const sender = {
    data: (id: number, bytes: Buffer, last: boolean, sent: () => void) =>
      write(Buffer.concat([dataHead(id, bytes.length, last), bytes]), sent),
    // 5: cancelled.
    reset: (id: number) => write(controlFrame(Control.reset, Buffer.concat([uint32(id), uint32(5)]))),
  };
  const open = async (flags: number, payload: Buffer) => {
    if (payload.length < 10 || payload.length > longestHeaders || streams.size >= mostStreams) return close();
    const id = payload.readUInt32BE(0) & 0x7fff_ffff;
    const stream = new SpdyStream(id, await headers.decode(payload.subarray(10)), sender);
    if (over || streams.has(id)) return close();
    streams.set(id, stream);
    stream.on('error', () => {});
    stream.on('close', () => streams.delete(id));
    write(controlFrame(Control.synReply, Buffer.concat([uint32(id), await headers.encodeNothing()])));
    listener.stream(stream);
    if (flags & fin) stream.push(null);
  };
  const take = async (head: Buffer, payload: Buffer): Promise<void> => {
    const flags = head[4] ?? 0;
    if ((head[0] ?? 0) < 0x80) {
      const stream = streams.get(head.readUInt32BE(0));
      await stream?.receive(payload);
      if (flags & fin && stream !== undefined && !stream.destroyed) stream.push(null);
      return;
    }
    const type = head.readUInt16BE(2);
    if (type === Control.synStream) await open(flags, payload);
    // Whatever the client asked, it is told.
    else if (type === Control.ping) write(Buffer.concat([head, payload]));
    else if (type === Control.reset && payload.length >= 4) streams.get(payload.readUInt32BE(0))?.destroy();
    else if (type === Control.goAway) transport.end();
  };
  const run = async () => {
    let rest: Buffer = Buffer.alloc(0);
    for await (const chunk of transport as AsyncIterable<Buffer>) {
      rest = Buffer.concat([rest, chunk]);
      while (rest.length >= headBytes && !over) {
        const length = rest.readUIntBE(5, 3);
        if (length > longestFrame) return;
        if (rest.length < headBytes + length) break;
        const head = rest.subarray(0, headBytes);
        const payload = rest.subarray(headBytes, headBytes + length);
        rest = rest.subarray(headBytes + length);
        await take(head, payload);
      }
    }
  };
  transport.on('error', () => {});
  // Also while a stream's reader keeps the next frame waiting.
  transport.on('close', close);
  run().then(close, close);
}

const uint32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};

function controlFrame(type: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(headBytes);
  head.writeUInt16BE(0x8003, 0);
  head.writeUInt16BE(type, 2);
  head.writeUIntBE(payload.length, 5, 3);
  return Buffer.concat([head, payload]);
}

function dataHead(id: number, length: number, last: boolean): Buffer {
  const head = Buffer.alloc(headBytes);
  head.writeUInt32BE(id, 0);
  head[4] = last ? fin : 0;
  head.writeUIntBE(length, 5, 3);
  return head;
}
