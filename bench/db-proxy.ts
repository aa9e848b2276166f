/**
 * `npm run bench:db-proxy [seconds] [words]`: pgbench through the proxy, with every statement written before it is sent
 * (`written`), beside a plain TCP relay of Node in the same run; then 5 million rows, for the memory. Exit 1 when a bar is
 * missed. `silent` is the proxy whose record goes nowhere; `durable` waits for the disk, as a break-glass session does;
 * `guarded` reads each statement with PostgreSQL's parser, as production does. The database is on TCP, without TLS but in one
 * table. `seconds`: a third of them for each round; `words`: only the figures whose name has them.
 */
import { type ChildProcess, execFile, execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { openStream } from '../src/audit/stream-file.ts';
import { stageTarget } from '../test/db/proxy/proxy-stage.ts';
import { query, startup } from '../test/db/proxy/raw-client.ts';
import { bundleScript } from '../test/support/bundle-script.ts';
import { createTestHost } from '../test/support/test-host.ts';
import { startBenchPostgres } from './bench-postgres.ts';
import { errorOf, median, midmean, shuffled } from './statistics.ts';

const seconds = Number(process.argv[2] ?? 2);
const words = process.argv[3] ?? '';
/**
 * Many short ones: the speed of a guest machine changes within seconds, and two rounds of the same are a tenth apart. It
 * has better and worse minutes, too: what the bar is about comes by three times. The others do so once.
 */
const rounds = 15;
const passes = 3;
const wanted = 0.9;
const scripts = [
  ['select-only, simple', ['-S', '-M', 'simple']],
  ['select-only, extended', ['-S', '-M', 'extended']],
  ['select-only, prepared', ['-S', '-M', 'prepared']],
  ['TPC-B-like, simple', ['-M', 'simple']],
  ['TPC-B-like, extended', ['-M', 'extended']],
  ['TPC-B-like, prepared', ['-M', 'prepared']],
] as const;

/** A relay or a proxy in a process of its own, and how it is reached. */
interface Way {
  readonly name: string;
  readonly child: ChildProcess;
  readonly host: string;
  readonly port: number;
  readonly password: string;
  /** pgbench has TLS with the database. */
  readonly tls: boolean;
}

async function pgbench({ host, port, password, tls }: Way, args: readonly string[]): Promise<string> {
  const { user, database } = stageTarget;
  const said = {
    PGHOST: host,
    PGPORT: String(port),
    PGPASSWORD: password,
    PGUSER: user,
    PGDATABASE: database,
    PGSSLMODE: tls ? 'require' : 'disable',
  };
  return (await promisify(execFile)('pgbench', args, { env: { ...process.env, ...said } })).stdout;
}

interface Rate {
  readonly perSecond: number;
  /** Microseconds of a processor that the relay or the proxy took for one transaction. */
  readonly processor: number;
}

/** `transactions`: of each client; undefined: as many as come in a second. */
async function rate(
  way: Way,
  clients: number,
  script: readonly string[],
  transactions: number | undefined,
): Promise<Rate> {
  const amount = transactions === undefined ? ['-T', '1'] : ['-t', String(transactions)];
  const args = ['-n', '-c', String(clients), ...amount, ...script];
  const before = await resourcesOf(way.child);
  const said = await pgbench(way, args);
  const used = (await resourcesOf(way.child)).processor - before.processor;
  return {
    perSecond: Number(/tps = ([\d.]+)/.exec(said)?.[1]),
    processor: used / Number(/processed: (\d+)/.exec(said)?.[1]),
  };
}

/** `authority`: the proxy has TLS with the database then, or the relay's client. */
async function startWay(
  name: string,
  where: string,
  password: string,
  listen: 'unix' | 'tcp',
  authority: string,
): Promise<Way> {
  const child = fork(script, [name, where, listen, authority], {
    env: { ...process.env, PGPASSWORD: password },
  });
  const [way] = (await once(child, 'message')) as [Omit<Way, 'name' | 'child' | 'tls'>];
  return { ...way, name, child, tls: name === 'relay' && authority !== '' };
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
  return median(times);
}

/** Reads and forgets all rows. */
function readRows(socket: Socket, sql: string): Promise<number> {
  return new Promise((resolve, reject) => {
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

/** `ratios`: to the first of the ways in the same round. */
interface Measured {
  readonly way: Way;
  readonly rates: Rate[];
  readonly ratios: number[];
}

/** A line of a table, for which all ways are run in turn. */
interface Figure {
  readonly name: string;
  readonly clients: number;
  readonly args: readonly string[];
  readonly measured: readonly Measured[];
}

/** Each round has all ways, so that a slow moment of the machine meets all of them; one before warms up. `base`: the relay. */
async function measure(
  { clients, args, measured }: Figure,
  base: Way,
  others: readonly Way[],
): Promise<void> {
  const lengths = new Map<Way, number>();
  for (let round = -1; round < rounds; round++) {
    const found = new Map<Way, Rate>();
    for (const way of shuffled([base, ...others]))
      found.set(way, await rate(way, clients, args, lengths.get(way)));
    for (const { way, rates, ratios } of measured) {
      const one = found.get(way);
      if (one === undefined) continue;
      if (round < 0) lengths.set(way, Math.ceil((one.perSecond * seconds) / 3 / clients));
      else {
        rates.push(one);
        ratios.push(one.perSecond / (found.get(base)?.perSecond ?? Number.NaN));
      }
    }
  }
}

function print({ name, clients, measured }: Figure, barred: boolean): void {
  const tps = measured.map(({ rates }) => median(rates.map(({ perSecond }) => perSecond)).toFixed(0));
  const processor = measured.map(({ rates }) => median(rates.map((one) => one.processor)).toFixed(1));
  const others = measured.slice(1);
  const each = others.map(({ ratios }) => midmean(ratios).toFixed(3)).join(', ');
  const written = others.find(({ way }) => way.name === 'written')?.ratios ?? [];
  const holds = midmean(written) >= wanted;
  if (barred && !holds) process.exitCode = 1;
  const error = errorOf(written).toFixed(3);
  const verdict = barred ? `written ≥ ${wanted} (± ${error}): ${holds ? 'PASS' : 'FAIL'}` : '';
  console.log(
    `| ${name} | ${clients} | ${tps.join(' | ')} | ${each} | ${processor.join(', ')} | ${verdict} |`,
  );
}

/** Of the scripts `of` these. `barred`: the bar is for them. The first of the ways is what the others are compared with. */
async function table(title: string, ways: readonly Way[], of: RegExp, barred: boolean): Promise<void> {
  const [base, ...others] = ways;
  const figures = scripts
    .filter(([text]) => text.includes(words) && of.test(text))
    .flatMap(([name, args]) => [1, 8].map((clients) => ({ name, clients, args })))
    .map((one) => ({ ...one, measured: ways.map((way): Measured => ({ way, rates: [], ratios: [] })) }));
  if (figures.length === 0 || base === undefined) return;
  for (const figure of figures) await measure(figure, base, others);
  const compared = others.filter(({ name }) => name === 'written');
  for (let pass = 1; barred && pass < passes; pass++)
    for (const figure of figures) await measure(figure, base, compared);
  console.log(
    `\n${title}\n\n| pgbench | clients | ${ways.map(({ name }) => `${name} tps`).join(' | ')} | ÷ relay | µs of a processor each | |`,
  );
  console.log(`|---|---:|${'---:|'.repeat(ways.length)}---|---|---|`);
  for (const figure of figures) print(figure, barred);
}

/** Five million rows through each: the proxy passes a row on as it comes. */
async function memoryTable(ways: readonly Way[]): Promise<void> {
  console.log('\n| 5 million rows | s | peak MB | before |\n|---|---:|---:|---:|');
  for (const way of ways) {
    const dial = () => connect(`${way.host}/.s.PGSQL.${way.port}`);
    await readRows(dial(), 'select 1');
    const before = (await resourcesOf(way.child)).peak;
    const from = performance.now();
    const bytes = await readRows(dial(), "select g, 'row ' || g from generate_series(1, 5000000) g");
    const took = (performance.now() - from) / 1000;
    const { peak } = await resourcesOf(way.child);
    console.log(
      `| ${way.name}, ${(bytes / 1e6).toFixed(0)} MB | ${took.toFixed(1)} | ${peak.toFixed(0)} | ${before.toFixed(0)} |`,
    );
  }
}

const root = mkdtempSync(join(tmpdir(), 'forge-bench-'));
await using postgres = await startBenchPostgres();
const script = await bundleScript(
  new URL('./db-proxy-worker.ts', `file://${process.cwd()}/bench/`).pathname,
  root,
);
const database = String(postgres.port);
const children: ChildProcess[] = [];
const start = async (
  names: readonly string[],
  listen: 'unix' | 'tcp',
  { where = database, authority = '' } = {},
) => {
  const ways = await Promise.all(
    names.map((name) => startWay(name, where, postgres.password, listen, authority)),
  );
  children.push(...ways.map(({ child }) => child));
  return ways;
};
try {
  const init = [
    '-i',
    '-q',
    '-s',
    '10',
    '-h',
    postgres.folder,
    '-p',
    database,
    '-U',
    stageTarget.user,
    'postgres',
  ];
  execFileSync('pgbench', init, { stdio: 'ignore' });
  const ours = ['silent', 'written', 'durable'] as const;
  const socket = `${postgres.folder}/.s.PGSQL.${postgres.port}`;
  const [relays, onUnix, onTcp, unixRelays] = await Promise.all([
    start(['relay'], 'tcp'),
    start(ours, 'unix'),
    start(ours.slice(0, 2), 'tcp'),
    start(['relay'], 'unix', { where: socket }),
  ]);
  await table(
    'The relay on TCP; the proxy on its unix socket, as people have it:',
    [...relays, ...onUnix],
    /./,
    true,
  );
  await table('Both on TCP:', [...relays, ...onTcp], /./, false);
  const { authority } = postgres;
  const [tlsRelays, tlsOurs] = await Promise.all([
    start(['relay'], 'tcp', { authority }),
    start(ours.slice(0, 2), 'unix', { authority }),
  ]);
  await table('TLS to the database, by pgbench or by the proxy:', [...tlsRelays, ...tlsOurs], /./, false);
  const guarded = await start(['guarded'], 'unix');
  await table('Judged by the guard of production, and written:', [...relays, ...guarded], /^select/, false);
  // A database is rarely on the same machine: each request comes a millisecond later.
  const [distance] = await start(['far'], 'tcp');
  const far = { where: String(distance?.port) };
  const [farRelays, farOurs] = await Promise.all([start(['relay'], 'tcp', far), start(ours, 'unix', far)]);
  await table('The database a millisecond away:', [...farRelays, ...farOurs], /simple$/, false);
  console.log(
    `\none append of a statement, written and synced: ${(await syncCost()).toFixed(3)} ms (median)`,
  );
  await memoryTable([...unixRelays, ...onUnix]);
  console.log(
    `\n${cpus().length} × ${cpus()[0]?.model}, load ${loadavg()[0]?.toFixed(1)}, node ${process.version}`,
  );
} finally {
  for (const child of children) child.send('end');
  rmSync(root, { recursive: true, force: true });
}
