import type { Duplex } from 'node:stream';

/** Why a conversation ended before it began: the client is gone, or said what no server takes. */
export class ConnectionOver extends Error {}

/** The next `count` bytes, leaving what follows them in the stream. */
export function readExactly(stream: Duplex, count: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const settle = (act: () => void) => {
      stream.removeListener('readable', attempt);
      stream.removeListener('end', over);
      stream.removeListener('close', over);
      act();
    };
    const over = () => settle(() => reject(new ConnectionOver('the client closed the connection')));
    const attempt = () => {
      const chunk = stream.read(count) as Buffer | null;
      if (chunk === null) return;
      // A stream that has ended gives what is left, however little.
      if (chunk.length < count) return over();
      settle(() => resolve(chunk));
    };
    if (stream.destroyed || stream.readableEnded) return over();
    stream.on('readable', attempt);
    stream.on('end', over);
    stream.on('close', over);
    attempt();
  });
}
