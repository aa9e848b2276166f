import { createHash } from 'node:crypto';
import type { Socket } from 'node:net';
import { startTarget, type TcpTarget } from '../tcp-target.ts';
import { numberedBytes } from './numbered-bytes.ts';

export interface MeasuredServer extends TcpTarget {
  /** Bytes that its downloads have handed to the kernel, all together. */
  sent: number;
  /** The longest that an upload stood still, milliseconds. */
  longestSilence: number;
}

/** A server behind the instance. The first line says what is wanted: `up <bytes>`, `down <bytes>` or `echo`. */
export async function startMeasuredServer(): Promise<MeasuredServer> {
  const target = await startTarget((socket) => {
    socket.setNoDelay(true);
    socket.once('data', (first: Buffer) => {
      const end = first.indexOf('\n');
      const [word, count] = first.subarray(0, end).toString().split(' ');
      const rest = first.subarray(end + 1);
      if (rest.length > 0) socket.unshift(rest);
      if (word === 'up') takeAll(server, socket, Number(count));
      else if (word === 'down') void giveAll(server, socket, Number(count));
      else socket.pipe(socket);
    });
  });
  const server: MeasuredServer = { ...target, sent: 0, longestSilence: 0 };
  return server;
}

/** Answers with the digest of what came. */
function takeAll(server: MeasuredServer, socket: Socket, count: number): void {
  const hash = createHash('sha256');
  let seen = 0;
  let last = performance.now();
  socket.on('data', (chunk: Buffer) => {
    const now = performance.now();
    server.longestSilence = Math.max(server.longestSilence, now - last);
    last = now;
    hash.update(chunk);
    seen += chunk.length;
    if (seen >= count) socket.end(hash.digest('hex'));
  });
}

async function giveAll(server: MeasuredServer, socket: Socket, count: number): Promise<void> {
  let goOn = () => {};
  socket.on('drain', () => goOn()).on('close', () => goOn());
  for (const piece of numberedBytes(count)) {
    if (socket.destroyed) return;
    const room = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    if (!socket.write(piece)) await room;
    server.sent += piece.length;
  }
}
