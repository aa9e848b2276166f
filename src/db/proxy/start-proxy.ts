import { randomBytes } from 'node:crypto';
import { chmodSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { ForgeError } from '../../errors.ts';
import { openSocketFolder, type RunFolder } from '../../files/run-folder.ts';
import type { Host } from '../../host.ts';
import { Secret } from '../../lib/secret.ts';
import { ClientKeys } from './client-keys.ts';
import { Clock } from './clock.ts';
import { withOwnBuffer } from './own-buffer.ts';
import { type ServedParts, serveClient } from './serve-client.ts';
import { errorResponse } from './server-messages.ts';
import type { ProxyTarget } from './startup-parameters.ts';
import type { Refusal, StatementGuard, StatementWatcher } from './statement.ts';
import type { OpenUpstream } from './upstream.ts';

export interface ProxyOptions {
  /** `unix`: a socket that only this person can open, no password. `tcp`: 127.0.0.1, with a password made for it. */
  readonly endpoint: { readonly kind: 'unix' } | { readonly kind: 'tcp'; readonly port?: number | undefined };
  readonly target: ProxyTarget;
  readonly upstream: OpenUpstream;
  readonly guard: StatementGuard;
  readonly watcher: StatementWatcher;
  /** When the database is gone, how long `end` may take to say why before clients are told that it was lost. */
  readonly lossPatienceMs?: number | undefined;
  /** Ends it with a sentence of its own. */
  readonly signal: AbortSignal;
}

export type ProxyEndpoint =
  /** `host` is the folder, as libpq has it: the socket in it is `.s.PGSQL.<port>`. */
  | { readonly kind: 'unix'; readonly host: string; readonly port: number }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number; readonly password: Secret };

/** Connections of clients that have shown their password, where one is wanted. */
export interface ProxyUse {
  readonly open: number;
  /** Since it was started. */
  readonly ever: number;
}

export interface DatabaseProxy extends AsyncDisposable {
  readonly endpoint: ProxyEndpoint;
  /** Connections, also of strangers who have not shown a password yet. */
  readonly clients: number;
  readonly use: ProxyUse;
  /** Takes no more clients and tells all that there are why, in a sentence; within a second they are closed. */
  end(reason: string): Promise<void>;
}

type ProxyHost = Pick<
  Host,
  'monotonic' | 'now' | 'directories' | 'platform' | 'userId' | 'pid' | 'isRunning'
>;

const socketPort = 5432;
/** More than any pool of a person's tools; each is a connection to the database. */
const mostClients = 100;

/** PostgreSQL for the programs of this machine, with every statement judged and recorded on its way. */
export async function startProxy(host: ProxyHost, options: ProxyOptions): Promise<DatabaseProxy> {
  options.signal.throwIfAborted();
  const keys = new ClientKeys();
  const clients = new Set<ReturnType<typeof serveClient>>();
  let connections = 0;
  let statements = 0;
  let everLetIn = 0;
  let ended: Refusal | undefined;
  const password =
    options.endpoint.kind === 'tcp' ? new Secret(randomBytes(24).toString('base64url')) : undefined;
  const parts: ServedParts = {
    ...options,
    ...{ keys, password, clock: new Clock(host) },
    nextStatement: () => ++statements,
    onLetIn: () => {
      everLetIn++;
    },
  };
  const server = createServer(
    { noDelay: true, allowHalfOpen: true, pauseOnConnect: false },
    (accepted: Socket) => {
      const socket = withOwnBuffer(accepted);
      socket.on('error', () => {});
      if (ended !== undefined) return turnAway(socket, ended);
      if (clients.size >= mostClients) {
        // Anybody on this machine can connect to a port and say nothing: who has waited longest makes room.
        const stranger = [...clients].find(({ isLetIn }) => !isLetIn);
        if (stranger === undefined) return turnAway(socket, tooMany);
        clients.delete(stranger);
        stranger.drop();
      }
      const client = serveClient(parts, socket, ++connections);
      clients.add(client);
      void client.done.then(() => clients.delete(client));
    },
  );
  let folder: RunFolder | undefined;
  let endpoint: ProxyEndpoint;
  if (options.endpoint.kind === 'tcp' && password !== undefined) {
    const port = await listen(server, { host: '127.0.0.1', port: options.endpoint.port ?? 0 });
    endpoint = { kind: 'tcp', host: '127.0.0.1', port, password };
  } else {
    if (host.platform === 'win32') throw noUnixSocket();
    const name = `.s.PGSQL.${socketPort}`;
    folder = await openSocketFolder(host, 'db', name);
    const path = join(folder.path, name);
    try {
      await listen(server, { path });
      chmodSync(path, 0o600);
    } catch (error) {
      server.close();
      await folder[Symbol.asyncDispose]();
      throw error;
    }
    endpoint = { kind: 'unix', host: folder.path, port: socketPort };
  }
  const end = async (reason: string) => {
    ended ??= { sqlState: '57P01', message: reason };
    const refusal = ended;
    server.close();
    await Promise.all([...clients].map((client) => client.end(refusal)));
    await folder?.[Symbol.asyncDispose]();
  };
  const onAbort = () => void end('forge was stopped, and its connections with it.');
  options.signal.addEventListener('abort', onAbort, { once: true });
  return {
    endpoint,
    get clients() {
      return clients.size;
    },
    get use() {
      return { open: [...clients].filter(({ isLetIn }) => isLetIn).length, ever: everLetIn };
    },
    async end(reason) {
      options.signal.removeEventListener('abort', onAbort);
      await end(reason);
    },
    async [Symbol.asyncDispose]() {
      options.signal.removeEventListener('abort', onAbort);
      await end('forge has ended, and its connections with it.');
    },
  };
}

function turnAway(socket: Socket, refusal: Refusal): void {
  // It may still be about to ask for TLS: what it is told then is text that libpq shows.
  socket.end(errorResponse('FATAL', refusal));
  socket.resume();
  setTimeout(() => socket.destroy(), 500).unref();
}

const tooMany: Refusal = {
  sqlState: '53300',
  message: `forge keeps ${mostClients} connections at most.`,
  hint: 'Close some, or make the pool of the tool smaller.',
};

function listen(
  server: Server,
  where: { readonly path: string } | { readonly host: string; readonly port: number },
): Promise<number> {
  return new Promise((resolve, reject) => {
    const onError = (error: NodeJS.ErrnoException) =>
      reject('port' in where ? portFailure(error, where.port) : error);
    server.once('error', onError);
    server.listen(where, () => {
      server.off('error', onError);
      server.on('error', () => {});
      const address = server.address();
      resolve(address !== null && typeof address === 'object' ? address.port : 0);
    });
  });
}

function portFailure(error: NodeJS.ErrnoException, port: number): unknown {
  if (error.code !== 'EADDRINUSE' && error.code !== 'EACCES') return error;
  const why = error.code === 'EACCES' ? 'needs rights that you do not have' : 'is taken';
  return new ForgeError('failed', `The port ${port} on 127.0.0.1 ${why}.`, {
    code: 'PORT_TAKEN',
    hint: 'Choose another, or none: then forge finds a free one.',
    cause: error,
  });
}

function noUnixSocket(): ForgeError {
  return new ForgeError('usage', 'Windows has no unix sockets that PostgreSQL clients use.', {
    code: 'NO_UNIX_SOCKET',
    hint: 'Use the port on 127.0.0.1, with its password.',
  });
}
