import { lstat, rm } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { dirname, resolve } from 'node:path';
import type { LocalPlace } from '../config/forward-spec.ts';
import { placeText } from '../config/forward-spec.ts';
import { ForgeError } from '../errors.ts';
import { withFileLock } from '../files/file-lock.ts';
import { ensurePrivateDirectory } from '../files/private-directory.ts';
import type { Host } from '../host.ts';
import { findPortHolder } from './port-holder.ts';

export interface ListenOptions {
  readonly place: LocalPlace;
  /** All addresses of this machine, in place of loopback: anybody who reaches it can connect. */
  readonly bindAll: boolean;
  readonly onConnection: (socket: Socket) => void;
}

/** Disposing stops listening and cuts the connections that are left. */
export interface Listener extends AsyncDisposable {
  /** `127.0.0.1:9200`, or the path of the socket. */
  readonly text: string;
  readonly local:
    | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
    | { readonly kind: 'unix'; readonly path: string };
}

type ListenHost = Pick<
  Host,
  | 'platform'
  | 'userId'
  | 'directories'
  | 'spawn'
  | 'ownOnly'
  | 'pid'
  | 'monotonic'
  | 'now'
  | 'signal'
  | 'isRunning'
>;

/**
 * Listens for local programs. Connections come paused, and half-open: their end is not ours. Throws failed
 * PORT_IN_USE, PORT_FORBIDDEN, SOCKET_IN_USE, what ensurePrivateDirectory throws, LISTEN_FAILED.
 */
export async function listen(host: ListenHost, options: ListenOptions): Promise<Listener> {
  const { place, bindAll, onConnection } = options;
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true }, (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    onConnection(socket);
  });
  const close = () =>
    new Promise<void>((done) => {
      server.close(() => done());
      for (const socket of sockets) socket.destroy();
    });
  if (place.kind === 'unix') {
    const path = resolve(host.directories.working, place.path);
    await listenOnSocket(host, server, path);
    return { text: path, local: { kind: 'unix', path }, [Symbol.asyncDispose]: close };
  }
  const address = bindAll ? '0.0.0.0' : '127.0.0.1';
  try {
    await start(server, { host: address, port: place.port, exclusive: true });
  } catch (error) {
    throw await explainPort(host, address, place.port, error);
  }
  const bound = server.address();
  const port = typeof bound === 'object' && bound !== null ? bound.port : place.port;
  return {
    text: placeText(address, port),
    local: { kind: 'tcp', host: address, port },
    [Symbol.asyncDispose]: close,
  };
}

function start(server: Server, where: Parameters<Server['listen']>[0]): Promise<void> {
  return new Promise((done, reject) => {
    server.once('error', reject);
    server.listen(where as { port: number }, () => {
      server.removeListener('error', reject);
      // A connection that can't be accepted (no file descriptors left) is one lost connection.
      server.on('error', () => {});
      done();
    });
  });
}

/** In a folder of the person's own, and for the person alone. Of two forges that find a left-over, one takes it over. */
async function listenOnSocket(host: ListenHost, server: Server, path: string): Promise<void> {
  if (host.platform === 'win32') {
    throw new ForgeError('usage', "Windows has no unix sockets that forge's clients could use.", {
      code: 'NO_UNIX_SOCKETS',
      hint: 'Use a port instead of unix:.',
    });
  }
  await ensurePrivateDirectory(host, dirname(path)).catch((error: unknown) => {
    if (!(error instanceof ForgeError) || error.code !== 'UNSAFE_FOLDER') throw error;
    throw new ForgeError('failed', error.message, {
      code: error.code,
      hint: 'Put the socket into a folder of your own; one that does not exist is made.',
      cause: error,
    });
  });
  await withFileLock(host, path, () => bindOrTakeOver(host, server, path));
}

async function bindOrTakeOver(host: ListenHost, server: Server, path: string): Promise<void> {
  // Binding is done when listen() returns; only the news of it comes later.
  const bind = () => host.ownOnly(() => start(server, { path }));
  try {
    await bind();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw listenFailed(path, error);
    if (!(await isLeftOver(path))) {
      throw new ForgeError('failed', `${path} is in use, or no socket.`, {
        code: 'SOCKET_IN_USE',
        hint: 'End the program that listens there, or name another path.',
        cause: error,
      });
    }
    await rm(path, { force: true });
    await bind().catch((again: unknown) => {
      throw listenFailed(path, again);
    });
  }
}

/** A socket nobody listens on: a run that was killed left it. */
async function isLeftOver(path: string): Promise<boolean> {
  const found = await lstat(path).catch(() => undefined);
  if (found?.isSocket() !== true) return false;
  return new Promise((done) => {
    const probe = connect({ path });
    probe.once('connect', () => {
      probe.destroy();
      done(false);
    });
    probe.once('error', (error: NodeJS.ErrnoException) => done(error.code === 'ECONNREFUSED'));
  });
}

async function explainPort(
  host: ListenHost,
  address: string,
  port: number,
  error: unknown,
): Promise<ForgeError> {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'EADDRINUSE') {
    const holder = await findPortHolder(host, port);
    const by = holder === undefined ? '' : ` by ${holder}`;
    return new ForgeError('failed', `Port ${port} of this machine is in use${by}.`, {
      code: 'PORT_IN_USE',
      hint: `${holder === undefined ? 'End the program that listens there' : `End ${holder}`}, or put another local port before a colon; 0 takes any that is free.`,
      cause: error,
    });
  }
  if (code === 'EACCES') {
    return new ForgeError('failed', `This machine lets only its administrator listen on port ${port}.`, {
      code: 'PORT_FORBIDDEN',
      hint: 'Put a local port above 1023 before a colon, e.g. 8443:443.',
      cause: error,
    });
  }
  return listenFailed(placeText(address, port), error);
}

function listenFailed(place: string, error: unknown): ForgeError {
  const why = error instanceof Error ? error.message : String(error);
  return new ForgeError('failed', `Failed to listen on ${place}: ${why}.`, {
    code: 'LISTEN_FAILED',
    cause: error,
  });
}
