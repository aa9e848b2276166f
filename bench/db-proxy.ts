/**
 * `npm run bench:db-proxy [seconds] [words]`: pgbench through the proxy, with every statement written before it is sent
 * (`written`), beside a plain relay of Node in the same run; then 5 million rows, for the memory. Exit 1 when a bar is
 * missed. `silent` is the proxy whose record goes nowhere; `durable` waits for the disk, as a break-glass session does.
 * All of them have unix sockets on both sides and TLS on none. `words`: only the figures whose name has them.
 */
import { type ChildProcess, execFile, execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { openStream } from '../src/audit/stream-file.ts';
import { stageTarget } from '../test/db/proxy/proxy-stage.ts';
import { query, startup } from '../test/db/proxy/raw-client.ts';
import { bundleScript } from '../test/support/bundle-script.ts';
import { startPlainPostgres } from '../test/support/plain-postgres.ts';
import { createTestHost } from '../test/support/test-host.ts';

const seconds = Number(process.argv[2] ?? 2);
const words = process.argv[3] ?? '';
const rounds = 5;
const wanted = 0.9;
const ways = ['relay', 'silent', 'written', 'durable'] as const;
const scripts = [
  ['select-only, simple', ['-S', '-M', 'simple']],
  ['select-only, extended', ['-S', '-M', 'extended']],
  ['select-only, prepared', ['-S', '-M', 'prepared']],
  ['TPC-B-like, simple', ['-M', 'simple']],
  ['TPC-B-like, extended', ['-M', 'extended']],
  ['TPC-B-like, prepared', ['-M', 'prepared']],
] as const;

const middle = (values: readonly number[]) =>
  [...values].sort((one, other) => one - other)[values.length >> 1] ?? 0;

async function pgbench(folder: string, args: readonly string[]): Promise<string> {
  const env = { ...process.env, PGHOST: folder, PGUSER: stageTarget.user, PGDATABASE: stageTarget.database };
  return (await promisify(execFile)('pgbench', args, { env })).stdout;
}

interface Rate {
  readonly perSecond: number;
  /** Microseconds of a processor that the relay or the proxy took for one transaction. */
  readonly processor: number;
}

async function rate(
  child: ChildProcess,
  folder: string,
  clients: number,
  script: readonly string[],
): Promise<Rate> {
  const args = ['-n', '-c', String(clients), '-T', String(seconds), ...script];
  const before = await resourcesOf(child);
  const said = await pgbench(folder, args);
  const used = (await resourcesOf(child)).processor - before.processor;
  return {
    perSecond: Number(/tps = ([\d.]+)/.exec(said)?.[1]),
    processor: used / Number(/processed: (\d+)/.exec(said)?.[1]),
  };
}

async function startWay(
  script: string,
  way: string,
  folder: string,
): Promise<{ child: ChildProcess; at: string }> {
  const child = fork(script, [way, folder]);
  const [{ at }] = (await once(child, 'message')) as [{ at: string }];
  return { child, at };
}

/** Milliseconds of one append, alone, on the disk that the record is on. */
async function syncCost(): Promise<number> {
  const host = createTestHost();
  const file = await openStream(host, { session: 'bench', name: 'sync.jsonl' });
  const times: number[] = [];
  for (let count = 0; count < 200; count++) {
    const started = performance.now();
    await file.append(['x'.repeat(400)]);
    times.push(performance.now() - started);
  }
  await file.close();
  host.dispose();
  return middle(times);
}

/** Reads and forgets all rows. */
function readRows(folder: string, sql: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = connect(`${folder}/.s.PGSQL.5432`);
    let bytes = 0;
    let asked = false;
    socket.on('data', (chunk) => {
      bytes += chunk.length;
      // ReadyForQuery: the last six bytes of what comes.
      if (chunk.length < 6 || chunk[chunk.length - 6] !== 0x5a) return;
      if (asked) {
        socket.destroy();
        resolve(bytes);
      } else {
        asked = true;
        socket.write(query(sql));
      }
    });
    socket.on('error', reject);
    socket.write(startup(stageTarget));
  });
}

/** The peak since it was last asked, in megabytes, and the microseconds that it has used. */
async function resourcesOf(
  child: ChildProcess,
): Promise<{ readonly peak: number; readonly processor: number }> {
  child.send('resources');
  const [{ peak, processor }] = (await once(child, 'message')) as [{ peak: number; processor: number }];
  return { peak: peak / 1e6, processor };
}

const root = mkdtempSync(join(tmpdir(), 'forge-bench-'));
await using postgres = await startPlainPostgres();
const script = await bundleScript(
  new URL('./db-proxy-worker.ts', `file://${process.cwd()}/bench/`).pathname,
  root,
);
/** A database is rarely on the same machine: each request comes a millisecond later. */
const distance = await startWay(script, 'far', postgres.folder);
const started = await Promise.all(
  ways.map(async (way) => {
    const near = await startWay(script, way, postgres.folder);
    const far = await startWay(script, way, distance.at);
    return { way, at: near.at, farAt: far.at, child: near.child, farChild: far.child };
  }),
);
try {
  execFileSync(
    'pgbench',
    ['-i', '-q', '-s', '10', '-h', postgres.folder, '-U', stageTarget.user, 'postgres'],
    { stdio: 'ignore' },
  );
  console.log(
    `\n| pgbench | clients | ${ways.map((way) => `${way} tps`).join(' | ')} | ÷ relay | µs of a processor each | written wanted | |`,
  );
  console.log('|---|---:|---:|---:|---:|---:|---|---|---:|---|');
  for (const far of [false, true])
    for (const [name, args] of scripts.filter(
      ([text]) => text.includes(words) && (!far || text.endsWith('simple')),
    ))
      for (const clients of [1, 8]) {
        const rates = ways.map((): Rate[] => []);
        // In turn, so that a slow moment of the machine meets all of them, and each round another begins; the first warms up.
        for (let round = -1; round < rounds; round++)
          for (let turn = 0; turn < started.length; turn++) {
            const index = (turn + round + started.length) % started.length;
            const one = started[index];
            if (one === undefined) continue;
            const [way, child] = far ? [one.farAt, one.farChild] : [one.at, one.child];
            const found = await rate(child, way, clients, args);
            if (round >= 0) rates[index]?.push(found);
          }
        const tps = rates.map((all) => middle(all.map(({ perSecond }) => perSecond)).toFixed(0));
        const processor = rates.map((all) => middle(all.map((one) => one.processor)).toFixed(1));
        const ratios = rates
          .slice(1)
          .map((all) =>
            middle(all.map(({ perSecond }, round) => perSecond / (rates[0]?.[round]?.perSecond ?? 1))),
          );
        const holds = (ratios[ways.indexOf('written') - 1] ?? 0) >= wanted;
        if (!holds) process.exitCode = 1;
        const what = `${name}${far ? ', 1 ms away' : ''}`;
        const each = ratios.map((ratio) => ratio.toFixed(2)).join(', ');
        console.log(
          `| ${what} | ${clients} | ${tps.join(' | ')} | ${each} | ${processor.join(', ')} | ≥ ${wanted} | ${holds ? 'PASS' : 'FAIL'} |`,
        );
      }
  console.log(
    `\none append of a statement, written and synced: ${(await syncCost()).toFixed(3)} ms (median)`,
  );
  console.log('\n| 5 million rows | s | peak MB | before |\n|---|---:|---:|---:|');
  for (const { way, at, child } of started) {
    await readRows(at, 'select 1');
    const before = (await resourcesOf(child)).peak;
    const from = performance.now();
    const bytes = await readRows(at, "select g, 'row ' || g from generate_series(1, 5000000) g");
    const took = (performance.now() - from) / 1000;
    const { peak } = await resourcesOf(child);
    console.log(
      `| ${way}, ${(bytes / 1e6).toFixed(0)} MB | ${took.toFixed(1)} | ${peak.toFixed(0)} | ${before.toFixed(0)} |`,
    );
  }
  console.log(
    `\n${cpus().length} × ${cpus()[0]?.model}, load ${loadavg()[0]?.toFixed(1)}, node ${process.version}`,
  );
} finally {
  for (const child of [distance.child, ...started.flatMap(({ child, farChild }) => [child, farChild])])
    child.send('end');
  rmSync(root, { recursive: true, force: true });
}
