import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { cancelMessage } from '../cancel-request.ts';
import type { ProxyEndpoint } from '../proxy/start-proxy.ts';

/** A connection of this process to its own gate, ready for the startup message. */
export function connectToGate(endpoint: ProxyEndpoint): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const { host, port } = endpoint;
    const socket =
      endpoint.kind === 'unix'
        ? connect(join(host, `.s.PGSQL.${port}`))
        : connect({ host, port, noDelay: true });
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.removeListener('error', reject);
      resolve(socket);
    });
  });
}

/** As any client of the gate would: the key is forge's, and the gate tells the server. */
export async function cancelThroughGate(
  endpoint: ProxyEndpoint,
  key: { readonly processId: number; readonly secretKey: number },
): Promise<void> {
  const socket = await connectToGate(endpoint);
  await new Promise<void>((resolve) => {
    socket.on('error', () => {});
    socket.once('close', () => resolve());
    socket.resume();
    socket.end(cancelMessage(key.processId, key.secretKey));
  });
}
