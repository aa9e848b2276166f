import type { AddressInfo } from 'node:net';
import { createServer, connect as dial, type Server, type Socket } from 'node:net';

/** Something on loopback that is not the database one hoped for. */
export interface StrangeServer extends AsyncDisposable {
  readonly port: number;
  /** How many have come. */
  connections(): number;
}

/** Answers every connection as `greet` does. */
export function startStrangeServer(greet: (socket: Socket) => void): Promise<StrangeServer> {
  return listen(createServer(), '127.0.0.1', 0, greet);
}

/** Takes connections and never says a word. */
export const silent = (): void => {};

/** What a PostgreSQL without TLS says to an SSLRequest. */
export const withoutTls = (socket: Socket): void => {
  socket.once('data', () => socket.write('N'));
};

/** An HTTP server on the database's port. */
export const garbage = (socket: Socket): void => {
  socket.once('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
};

/** Hangs up as soon as something is asked. */
export const hangsUp = (socket: Socket): void => {
  socket.once('data', () => socket.destroy());
};

/** Says that TLS is fine, and then nothing more. */
export const silentInTls = (socket: Socket): void => {
  socket.once('data', () => socket.write('S'));
};

export interface Relay extends StrangeServer {
  /** From now on nothing comes through in either direction, and nobody hangs up: a firewall that forgot. */
  freeze(): void;
  /** Cuts every connection and lets no new one in. */
  cut(): void;
}

/**
 * Stands between a client and a real server on the same port number: auth tokens hold the port, so only the
 * address may differ. Every system has 127.0.0.1; of the rest of 127/8 only Linux is sure.
 */
export async function startRelay(address: string, port: number): Promise<Relay> {
  const pairs = new Set<readonly [Socket, Socket]>();
  let state: 'open' | 'frozen' | 'cut' = 'open';
  const server = createServer();
  const started = await listen(server, address, port, (client) => {
    if (state === 'cut') return void client.destroy();
    if (state === 'frozen') return;
    const upstream = dial(port, '127.0.0.1');
    const pair = [client, upstream] as const;
    pairs.add(pair);
    upstream.on('error', () => {});
    const forward = (from: Socket, to: Socket) => {
      from.on('data', (chunk) => state === 'open' && to.write(chunk));
      from.on('close', () => {
        pairs.delete(pair);
        if (state === 'open') to.end();
      });
    };
    forward(client, upstream);
    forward(upstream, client);
  });
  const cutAll = () => {
    for (const [client, upstream] of pairs) {
      client.destroy();
      upstream.destroy();
    }
  };
  return {
    ...started,
    freeze() {
      state = 'frozen';
    },
    cut() {
      state = 'cut';
      cutAll();
    },
    async [Symbol.asyncDispose]() {
      state = 'cut';
      cutAll();
      await started[Symbol.asyncDispose]();
    },
  };
}

/** A port of loopback on which nothing listens. */
export async function closedPort(): Promise<number> {
  const server = await startStrangeServer(silent);
  await server[Symbol.asyncDispose]();
  return server.port;
}

async function listen(
  server: Server,
  address: string,
  port: number,
  greet: (socket: Socket) => void,
): Promise<StrangeServer> {
  const sockets = new Set<Socket>();
  let count = 0;
  server.on('connection', (socket) => {
    count++;
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
    greet(socket);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: address, port }, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    connections: () => count,
    async [Symbol.asyncDispose]() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
