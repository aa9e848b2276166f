/**
 * One way to PostgreSQL, in a process of its own: a plain relay of Node, or the proxy, which records in a file that is
 * synced before anything is sent (`durable`), in one that is written before and synced soon (`written`), or nowhere
 * (`silent`). Told what its parent wants to know over IPC.
 */
import { chmodSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { openStream } from '../src/audit/stream-file.ts';
import { startProxy } from '../src/db/proxy/start-proxy.ts';
import { StatementLog } from '../src/db/proxy/statement-log.ts';
import { plainUpstream, stageTarget } from '../test/db/proxy/proxy-stage.ts';
import { createTestHost } from '../test/support/test-host.ts';

const [, , way = '', folder = ''] = process.argv;
const host = createTestHost();
let peak = 0;
setInterval(() => {
  peak = Math.max(peak, process.memoryUsage().rss);
}, 50).unref();

async function start(): Promise<string> {
  if (way === 'relay' || way === 'far') {
    const path = join(host.directories.home, '.s.PGSQL.5432');
    const server = createServer((client) => {
      const upstream = connect(`${folder}/.s.PGSQL.5432`);
      upstream.pipe(client);
      if (way === 'relay') client.pipe(upstream);
      else client.on('data', (chunk) => setTimeout(() => upstream.write(chunk), 1));
      client.on('close', () => upstream.destroy());
      for (const socket of [client, upstream]) socket.on('error', () => client.destroy());
    });
    await new Promise<void>((resolve) => server.listen(path, resolve));
    chmodSync(host.directories.home, 0o755);
    return host.directories.home;
  }
  const file = await openStream(host, { session: 'bench', name: 'statements-bench.jsonl' });
  const nowhere = { appendBytes: () => Promise.resolve(), putBytes: () => {}, digest: () => '' };
  const proxy = await startProxy(host, {
    endpoint: { kind: 'unix' },
    target: stageTarget,
    upstream: plainUpstream(folder),
    guard: { check: () => undefined },
    watcher: new StatementLog(host, way === 'silent' ? nowhere : file, {
      access: 'bench',
      breakglass: way === 'durable' ? 'BG-bench' : undefined,
    }),
    signal: new AbortController().signal,
  });
  return proxy.endpoint.host;
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
process.send?.({ at: await start(), root: host.directories.home });
