import { randomBytes } from 'node:crypto';
import { chmodSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import type { Host } from '../host.ts';
import { Secret } from '../lib/secret.ts';

/** Where one forge asks another of the same person. Disposing ends it and all connections. */
export interface PrivateSocket extends AsyncDisposable {
  /** A unix socket in the private folder, 0600; on Windows a named pipe. */
  readonly path: string;
  /** What a client must show, which the caller compares: on Windows others may open the pipe. */
  readonly key: Secret;
}

/** Longer than any request that is one. */
const longestLine = 4096;
const patienceMs = 10_000;

/**
 * Listens at `name` in a private folder. Each client sends one line, at most 4096 characters within 10 seconds;
 * `receive` answers, or destroys the connection.
 */
export async function listenPrivately(
  host: Pick<Host, 'platform'>,
  folder: string,
  name: string,
  receive: (socket: Socket, line: string, key: Secret) => void,
): Promise<PrivateSocket> {
  const key = new Secret(randomBytes(32).toString('base64url'));
  const path =
    host.platform === 'win32' ? `\\\\.\\pipe\\forge-${randomBytes(16).toString('hex')}` : join(folder, name);
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    readLine(socket, (line) => receive(socket, line, key));
  });
  await listen(server, path);
  if (host.platform !== 'win32') chmodSync(path, 0o600);
  return {
    path,
    key,
    [Symbol.asyncDispose]: () =>
      new Promise((done) => {
        server.close(() => done());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, () => {
      server.removeListener('error', reject);
      server.on('error', () => {});
      resolve();
    });
  });
}

function readLine(socket: Socket, use: (line: string) => void): void {
  let text = '';
  socket.setEncoding('utf8');
  socket.setTimeout(patienceMs, () => socket.destroy());
  socket.on('error', () => {});
  socket.on('data', (chunk) => {
    text += chunk;
    const end = text.indexOf('\n');
    if (text.length > longestLine) socket.destroy();
    else if (end >= 0) {
      socket.removeAllListeners('data');
      // What else it sends is not kept; that it has gone must still be noticed.
      socket.resume();
      socket.setTimeout(0);
      use(text.slice(0, end));
    }
  });
}
