import { connect } from 'node:net';
import type { Duplex } from 'node:stream';

/**
 * Joins an admitted client with PostgreSQL on its Unix socket, which trusts whoever reaches it. The server's own
 * greeting goes through as it is; on the way its BackendKeyData is read, so that a CancelRequest, which comes on
 * a connection of its own, can be told to be for this server. Resolves when either side is gone.
 */
export function relay(
  client: Duplex,
  socketPath: string,
  startupPacket: Buffer,
  onKey: (key: Buffer) => void,
): Promise<void> {
  return new Promise((resolve) => {
    const server = connect(socketPath);
    const close = () => {
      client.destroy();
      server.destroy();
      resolve();
    };
    server.on('error', close);
    server.on('close', () => {
      // What the server said last (its FATAL) must still reach the client.
      if (client.writableEnded || client.destroyed) close();
      else client.end(close);
    });
    client.on('close', close);
    client.on('error', close);
    server.write(startupPacket);
    client.pipe(server);
    let greeting: Buffer = Buffer.alloc(0);
    const listen = (chunk: Buffer) => {
      client.write(chunk);
      greeting = Buffer.concat([greeting, chunk]);
      const { key, complete } = readGreeting(greeting);
      if (!complete) return;
      if (key !== undefined) onKey(key);
      server.removeListener('data', listen);
      server.pipe(client);
    };
    server.on('data', listen);
  });
}

/** A CancelRequest goes to the server as it came; its answer is that the connection closes. */
export function passCancel(socketPath: string, packet: Buffer): Promise<void> {
  return new Promise((resolve) => {
    const server = connect(socketPath, () => server.end(packet));
    server.on('error', () => {});
    server.on('close', () => resolve());
    server.resume();
  });
}

/** Up to ReadyForQuery (or an error): the key that the server gave out. */
function readGreeting(bytes: Buffer): { readonly key: Buffer | undefined; readonly complete: boolean } {
  let key: Buffer | undefined;
  for (let position = 0; position + 5 <= bytes.length; ) {
    const type = String.fromCharCode(bytes[position] ?? 0);
    const end = position + 1 + bytes.readUInt32BE(position + 1);
    if (type === 'Z' || type === 'E') return { key, complete: true };
    if (end > bytes.length) break;
    if (type === 'K') key = bytes.subarray(position + 5, end);
    position = end;
  }
  return { key, complete: false };
}
