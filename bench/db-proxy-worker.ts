/**
 * One way to PostgreSQL, in a process of its own: a plain relay of Node, or the proxy, which records in a file that is
 * synced before anything is sent (`durable`), in one that is written before and synced soon (`written`; `guarded` judges
 * each statement, too, as production does), or nowhere (`silent`). Its arguments: the way, where PostgreSQL is (its
 * socket, or a port of 127.0.0.1, with the password in PGPASSWORD), what it listens on itself (`unix` or `tcp`), and the
 * certificate of the authority for TLS to PostgreSQL, where the proxy is to have that. Tells its parent what that wants
 * to know.
 */
import { chmodSync, readFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { openStream } from '../src/audit/stream-file.ts';
import { createReadOnlyGuard } from '../src/db/guard/read-only-guard.ts';
import { intoOneBuffer } from '../src/db/proxy/own-buffer.ts';
import { startProxy } from '../src/db/proxy/start-proxy.ts';
import { StatementLog } from '../src/db/proxy/statement-log.ts';
import { openDatabaseSocket } from '../src/db/wire/open-database-socket.ts';
import { opened, stageTarget, stageUpstream } from '../test/db/proxy/proxy-stage.ts';
import { createTestHost } from '../test/support/test-host.ts';

const [, , way = '', where = '', listen = 'unix', authority = ''] = process.argv;
const tcp = listen === 'tcp';
const password = process.env.PGPASSWORD ?? '';
const host = createTestHost();
let peak = 0;
setInterval(() => {
  peak = Math.max(peak, process.memoryUsage().rss);
}, 50).unref();

/** What pgbench is told. */
interface Way {
  readonly host: string;
  readonly port: number;
  readonly password: string;
}

const dial = (): Socket =>
  /^\d+$/.test(where) ? connect({ host: '127.0.0.1', port: Number(where), noDelay: true }) : connect(where);

async function startRelay(): Promise<Way> {
  const server = createServer({ noDelay: tcp }, (client) => {
    const upstream = dial();
    upstream.pipe(client);
    if (way === 'relay') client.pipe(upstream);
    else client.on('data', (chunk) => setTimeout(() => upstream.write(chunk), 1));
    client.on('close', () => upstream.destroy());
    for (const socket of [client, upstream]) socket.on('error', () => client.destroy());
  });
  const path = join(host.directories.home, '.s.PGSQL.5432');
  await new Promise<void>((resolve) =>
    server.listen(tcp ? { host: '127.0.0.1', port: 0 } : { path }, resolve),
  );
  const address = server.address();
  if (address !== null && typeof address === 'object')
    return { host: '127.0.0.1', port: address.port, password };
  chmodSync(host.directories.home, 0o755);
  return { host: host.directories.home, port: 5432, password };
}

/**
 * Read into one buffer (`onread`): what the proxy has in production is a TLS connection, which makes no 64 KiB for each
 * read as Node's plain sockets do.
 */
function dialPlain(): Promise<Socket> {
  const onread = intoOneBuffer((chunk) => socket.emit('data', chunk));
  const socket = /^\d+$/.test(where)
    ? connect({ host: '127.0.0.1', port: Number(where), noDelay: true, onread })
    : connect({ path: where, onread });
  return opened(socket);
}

const dialTls = (): Promise<Socket> =>
  openDatabaseSocket({
    ...{ host: 'localhost', address: '127.0.0.1', port: Number(where), ca: readFileSync(authority, 'utf8') },
    ...{ signal: new AbortController().signal, timeoutMs: 10_000 },
  });

async function startOurs(): Promise<Way> {
  const file = await openStream(host, { session: 'bench', name: 'statements-bench.jsonl' });
  const nowhere = { appendBytes: () => Promise.resolve(), putBytes: () => {}, digest: () => '' };
  const { endpoint } = await startProxy(host, {
    endpoint: { kind: tcp ? 'tcp' : 'unix' },
    target: stageTarget,
    upstream: stageUpstream(authority === '' ? dialPlain : dialTls, password),
    guard: way === 'guarded' ? await createReadOnlyGuard() : { check: () => undefined },
    watcher: new StatementLog(host, way === 'silent' ? nowhere : file, {
      access: 'bench',
      breakglass: way === 'durable' ? 'BG-bench' : undefined,
    }),
    signal: new AbortController().signal,
  });
  return {
    host: endpoint.host,
    port: endpoint.port,
    password: endpoint.kind === 'tcp' ? endpoint.password.reveal() : '',
  };
}

process.on('message', (order) => {
  if (order === 'resources') {
    const { user, system } = process.cpuUsage();
    process.send?.({ processor: user + system, peak });
    peak = 0;
  }
  if (order === 'end') {
    host.dispose();
    process.exit(0);
  }
});
// Whoever has started it is gone.
process.on('disconnect', () => {
  host.dispose();
  process.exit(1);
});
const started = await (way === 'relay' || way === 'far' ? startRelay() : startOurs());
process.send?.({ ...started, root: host.directories.home });
