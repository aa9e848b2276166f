import type { DatabaseConnection } from './endpoint.ts';
import { type Dial, openDatabaseSocket } from './wire/open-database-socket.ts';

const timeoutMs = 5_000;

/**
 * Asks the server to stop what a session runs. It goes over a connection of its own, encrypted and checked like
 * the first: the key in it would let anybody cancel. The server's only answer is to close.
 * https://www.postgresql.org/docs/current/protocol-message-formats.html (CancelRequest)
 */
export async function cancelRequest(
  connection: DatabaseConnection,
  key: { readonly processId: number; readonly secretKey: number },
  dial?: Dial | undefined,
): Promise<void> {
  // Not the command's own signal: that is what is often the reason to cancel.
  const { signal } = new AbortController();
  const socket = await openDatabaseSocket({ ...connection, dial, signal, timeoutMs });
  await new Promise<void>((resolve) => {
    const timer = setTimeout(() => socket.destroy(), timeoutMs);
    socket.on('error', () => {});
    socket.on('close', () => {
      clearTimeout(timer);
      resolve();
    });
    socket.resume();
    socket.end(cancelMessage(key.processId, key.secretKey));
  });
}

export function cancelMessage(processId: number, secretKey: number): Buffer {
  const message = Buffer.alloc(16);
  message.writeInt32BE(16, 0);
  message.writeInt32BE(80_877_102, 4);
  message.writeInt32BE(processId, 8);
  message.writeInt32BE(secretKey, 12);
  return message;
}
