import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { chmod } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { ForgeError } from '../errors.ts';
import type { Host } from '../host.ts';
import { Secret } from '../lib/secret.ts';
import type { SignedToken } from './cluster-access.ts';

/**
 * Hands out tokens of an access that is open now to the `forge kube token` that kubectl starts, so that they are
 * never on the disk, the reason is given once, and all of it ends when this process does.
 */
export interface TokenServer extends AsyncDisposable {
  /** A unix socket in the folder, on Windows a named pipe. */
  readonly path: string;
  /** What a client must show: on Windows others may open the pipe. */
  readonly key: Secret;
}

/** Of the unix socket, in its folder. */
export const socketName = 'token';

/** Longer than any request that is one. */
const longestLine = 4096;
const patienceMs = 10_000;

/** `sign` may renew the keys; what it throws is told to the client. */
export async function startTokenServer(
  host: Pick<Host, 'platform'>,
  folder: string,
  sign: () => Promise<SignedToken>,
): Promise<TokenServer> {
  const key = new Secret(randomBytes(32).toString('base64url'));
  const path =
    host.platform === 'win32'
      ? `\\\\.\\pipe\\forge-${randomBytes(16).toString('hex')}`
      : join(folder, socketName);
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    serve(socket, key, sign);
  });
  await listen(server, path);
  if (host.platform !== 'win32') await chmod(path, 0o600);
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

function serve(socket: Socket, key: Secret, sign: () => Promise<SignedToken>): void {
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
      socket.setTimeout(0);
      if (isSame(text.slice(0, end), key.reveal())) void answer(socket, sign);
      else socket.destroy();
    }
  });
}

async function answer(socket: Socket, sign: () => Promise<SignedToken>): Promise<void> {
  try {
    const { token, expiresAt } = await sign();
    socket.end(`${JSON.stringify({ token: token.reveal(), expiresAt })}\n`);
  } catch (error) {
    const { kind, message, code, hint } = error instanceof ForgeError ? error : unexpected(error);
    socket.end(`${JSON.stringify({ error: { kind, message, code, hint } })}\n`);
  }
}

function unexpected(error: unknown): ForgeError {
  const why = error instanceof Error ? error.message : String(error);
  return new ForgeError('failed', `Failed to sign a token: ${why}`, { code: 'TOKEN_FAILED' });
}

/** In a time that says nothing about where they differ. */
function isSame(given: string, key: string): boolean {
  const digest = (value: string) => createHash('sha256').update(value).digest();
  return timingSafeEqual(digest(given), digest(key));
}
