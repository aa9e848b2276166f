import type { Socket } from 'node:net';
import { ForgeError } from '../errors.ts';
import { listenPrivately, type PrivateSocket } from '../files/private-socket.ts';
import type { Host } from '../host.ts';
import { isSameSecret } from '../lib/same-secret.ts';
import type { SignedToken } from './cluster-access.ts';

/** Of the unix socket, in its folder. */
export const socketName = 'token';

/**
 * Hands out tokens of an access that is open now to the `forge kube token` that kubectl starts, so that they are
 * never on the disk, the reason is given once, and all of it ends when this process does. `sign` may renew the keys;
 * what it throws is told to the client.
 */
export function startTokenServer(
  host: Pick<Host, 'platform'>,
  folder: string,
  sign: () => Promise<SignedToken>,
): Promise<PrivateSocket> {
  return listenPrivately(host, folder, socketName, (socket, line, key) => {
    if (isSameSecret(line, key)) void answer(socket, sign);
    else socket.destroy();
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
