import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

export interface Traffic {
  /** Bytes sent to the instance. */
  up: number;
  down: number;
}

/** How long a program may go on sending to a server that has closed. */
const lastWordsMs = 2_000;

/**
 * Joins a local connection and one through the session until both are over; counts what passes. Resolves with what
 * broke it, if anything did. Each end is slowed down to the pace of the other.
 */
export function relay(socket: Socket, stream: Duplex, traffic: Traffic): Promise<Error | undefined> {
  return new Promise((resolve) => {
    let failure: Error | undefined;
    let flushing = false;
    let ended = false;
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => {
      traffic.up += chunk.length;
      if (!stream.writable) return;
      if (!stream.write(chunk)) socket.pause();
    });
    stream.on('drain', () => socket.resume());
    socket.on('end', () => stream.end());
    stream.on('data', (chunk: Buffer) => {
      traffic.down += chunk.length;
      if (!socket.writable) return;
      // Many small messages come at once: one system call for all that this turn of the loop brings.
      if (!flushing) {
        flushing = true;
        socket.cork();
        setImmediate(flush);
      }
      if (!socket.write(chunk)) stream.pause();
    });
    socket.on('drain', () => stream.resume());
    stream.on('end', () => {
      ended = true;
      // Closed outright with bytes unread, the kernel would answer with a reset, and what was sent could be lost.
      socket.end(() => setTimeout(() => socket.destroy(), lastWordsMs).unref());
      socket.resume();
    });
    socket.on('error', (error) => {
      failure ??= error;
    });
    stream.on('error', (error) => {
      failure ??= error;
    });
    socket.on('close', () => {
      stream.destroy();
      if (stream.closed) resolve(failure);
    });
    stream.on('close', () => {
      if (!ended) reset(socket);
      if (socket.closed) resolve(failure);
    });

    socket.resume();
    // What is over already tells no more of it.
    if (socket.readableEnded) stream.end();
    if (stream.closed && !socket.closed) reset(socket);
    else if (socket.closed) stream.destroy();

    function flush(): void {
      flushing = false;
      socket.uncork();
    }
  });
}

/** The program sees that it was cut off, and takes it for no ordinary end. */
export function reset(socket: Socket): void {
  // Only TCP knows a reset.
  if (socket.localPort === undefined) socket.destroy();
  else socket.resetAndDestroy();
}
