import { mkdir } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ForgeError } from '../../errors.ts';
import type { Host } from '../../host.ts';
import { quotePosix } from '../../lib/quote-posix.ts';
import type { ServerAccount } from './server-account.ts';

export interface ServerProcess extends AsyncDisposable {
  /** Folder of the Unix socket, which alone is listened on. */
  readonly socketFolder: string;
  /** Path of the socket itself. */
  readonly socket: string;
  /** Settles when the server has ended, whoever ended it. */
  readonly ended: Promise<void>;
}

export interface ServerOptions {
  readonly bin: string;
  readonly account: ServerAccount;
  /** PGDATA. */
  readonly data: string;
  readonly socketFolder: string;
  readonly settings: Readonly<Record<string, string>>;
  /** Run first, under the same guard: initdb. */
  readonly before: readonly string[] | undefined;
  /** Removed when the server ends, also when forge was killed. */
  readonly folder: string;
}

/**
 * A plain child would outlive forge: PostgreSQL does not notice that its parent is gone, and kill -9 leaves
 * forge no last word. This shell holds the read end of a pipe from forge; when forge ends in whatever way, the
 * pipe closes, and the shell ends the server and removes its files. SIGQUIT is PostgreSQL's immediate
 * shutdown: nothing here is worth a checkpoint. SIGTERM is for initdb, should it still run. Removing is tried
 * again, because another server of the sandbox may be about to leave the same folder.
 */
const guard = `
folder=$1; shift
exec 3<&0
"$@" 3<&- </dev/null &
server=$!
( trap '' INT TERM HUP; while read -r line; do :; done
  kill -QUIT "$server"; kill -TERM "$server"; sleep 5; kill -KILL "$server" ) <&3 >/dev/null 2>&1 &
watcher=$!
exec 3<&-
trap '' INT TERM HUP
wait "$server"; code=$?
kill -KILL "$watcher" 2>/dev/null
for attempt in 1 2 3 4 5; do rm -rf "$folder" 2>/dev/null && break; sleep 1; done
exit $code
`;

type ServerHost = Pick<Host, 'spawn' | 'env' | 'signal' | 'monotonic'>;

/** Starts `postgres` under the guard and waits until it accepts connections. */
export async function runServer(host: ServerHost, options: ServerOptions): Promise<ServerProcess> {
  await mkdir(options.socketFolder, { recursive: true });
  const settings = Object.entries({
    listen_addresses: '',
    unix_socket_directories: options.socketFolder,
    unix_socket_permissions: '0700',
    ...options.settings,
  }).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const postgres = [join(options.bin, 'postgres'), '-D', options.data, ...settings];
  const command =
    options.before === undefined
      ? postgres
      : ['/bin/sh', '-c', `${shellWords(options.before)} >/dev/null && exec ${shellWords(postgres)}`];
  const child = host.spawn('/bin/sh', ['-c', guard, 'forge-sandbox-guard', options.folder, ...command], {
    env: serverEnvironment(host.env),
    stdio: ['pipe', 'ignore', 'pipe'],
    cwd: options.socketFolder,
    // Its own process group: Ctrl-C in the terminal is forge's to handle.
    detached: true,
    ...(options.account ?? {}),
  });
  let said = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-4_000);
  });
  child.stdin?.on('error', () => {});
  let over = false;
  const ended = new Promise<void>((resolve) => {
    const settle = () => {
      over = true;
      resolve();
    };
    child.on('error', (error) => {
      said += error.message;
      settle();
    });
    child.on('exit', settle);
  });
  const server: ServerProcess = {
    socketFolder: options.socketFolder,
    socket: join(options.socketFolder, `.s.PGSQL.${options.settings.port ?? '5432'}`),
    ended,
    async [Symbol.asyncDispose]() {
      child.stdin?.end();
      await ended;
    },
  };
  const deadline = host.monotonic() + 30_000;
  while (!(await accepts(server.socket))) {
    if (over || host.signal.aborted || host.monotonic() > deadline) {
      await server[Symbol.asyncDispose]();
      host.signal.throwIfAborted();
      throw startFailure(said);
    }
    await sleep(5);
  }
  return server;
}

/** PGOPTIONS and the like would reach the server; locale variables would change its messages. */
export function serverEnvironment(env: Host['env']): Record<string, string | undefined> {
  return { PATH: env.PATH ?? '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' };
}

/** It listens before it is ready; a startup packet is answered with an error until then. */
function accepts(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const connection = connect(socket);
    const settle = (ready: boolean) => {
      connection.destroy();
      resolve(ready);
    };
    connection.on('error', () => settle(false));
    connection.on('close', () => settle(false));
    connection.on('connect', () => connection.write(probe));
    connection.on('data', (answer: Buffer) => settle(answer[0] === 'R'.charCodeAt(0)));
  });
}

const probe = (() => {
  const body = Buffer.from('\0\x03\0\0user\0rdsadmin\0database\0postgres\0\0', 'latin1');
  const length = Buffer.alloc(4);
  length.writeInt32BE(body.length + 4);
  return Buffer.concat([length, body]);
})();

function startFailure(said: string): ForgeError {
  const nameless = /could not look up effective user ID (\d+)/.exec(said);
  return new ForgeError('failed', `Failed to start the sandbox's PostgreSQL: ${lastLine(said)}`, {
    code: 'POSTGRES_FAILED',
    hint:
      nameless === null
        ? 'Run forge sandbox start --foreground --debug to see all it said.'
        : `PostgreSQL runs only as a user with a name: give ${nameless[1]} an entry in /etc/passwd (in a container, run as one of its users).`,
    cause: new Error(said),
  });
}

function shellWords(words: readonly string[]): string {
  return words.map(quotePosix).join(' ');
}

function lastLine(text: string): string {
  const lines = text.trim().split('\n');
  return lines.findLast((line) => /FATAL|ERROR|PANIC|not found/.test(line)) ?? lines.at(-1) ?? 'it ended.';
}
