/**
 * `npm run bench:ssm [MB]`: a forwarded port on the sandbox's gateway, beside a sender that sleeps a millisecond for
 * each KiB, as AWS's plugin and agent do, and beside the plugin itself where it is installed; then what must not
 * happen when sockets are lost, the agent is slow, or the reader is. Exit 1 when a bar is missed.
 */
import { spawn, spawnSync } from 'node:child_process';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { download, readSlowly, roundTrips, upload } from '../test/ssm/bars/forward-client.ts';
import { type ForwardStage, serverPlace, startForwardStage } from '../test/ssm/bars/forward-stage.ts';
import { startInstancesStage } from '../test/ssm/bars/instances-stage.ts';
import { digestOfNumbered } from '../test/ssm/bars/numbered-bytes.ts';
import { median } from './statistics.ts';

const forge = join(process.cwd(), 'bin', 'forge.cjs');
const bytes = Number(process.argv[2] ?? 40) * 1e6;
const rounds = 3;
const mostMemory = 150;

const rate = (count: number, seconds: number) => count / 1e6 / seconds;

console.log('\n| what | wanted | measured | |\n|---|---:|---:|---|');

function bar(what: string, wanted: string, measured: string, holds: boolean): void {
  console.log(`| ${what} | ${wanted} | ${measured} | ${holds ? 'PASS' : 'FAIL'} |`);
  if (!holds) process.exitCode = 1;
}

function memoryBar(what: string, peak: number | undefined): void {
  if (peak === undefined)
    console.log(`| ${what}, memory | ≤ ${mostMemory} MB | this system does not tell | |`);
  else bar(`${what}, memory`, `≤ ${mostMemory} MB`, `${peak.toFixed(0)} MB`, peak <= mostMemory);
}

/** MB/s of who sleeps a millisecond after each KiB. */
async function sleeperRate(): Promise<number> {
  const started = performance.now();
  let sent = 0;
  for (; performance.now() - started < 2_000; sent += 1_024) await sleep(1);
  return rate(sent, (performance.now() - started) / 1_000);
}

async function speed(stage: ForwardStage): Promise<void> {
  stage.order();
  await using running = await stage.forward();
  const [ups, downs, sleepers]: [number[], number[], number[]] = [[], [], []];
  for (let round = 0; round < rounds; round++) {
    ups.push(rate(bytes, (await upload(running.port, bytes)).seconds));
    downs.push(rate(bytes, (await download(running.port, bytes)).seconds));
    sleepers.push(await sleeperRate());
  }
  const sleeper = median(sleepers);
  console.log(`| a sender that sleeps 1 ms for each KiB | | ${sleeper.toFixed(2)} MB/s | |`);
  for (const [name, measured, wanted] of [
    ['upload', median(ups), 25],
    ['download', median(downs), 35],
  ] as const) {
    const ratio = measured / sleeper;
    const text = `${measured.toFixed(1)} MB/s, ${ratio.toFixed(1)} ×`;
    bar(`${name} / the sender that sleeps`, `≥ ${wanted} ×`, text, ratio >= wanted);
  }
  const trip = median(await roundTrips(running.port, 1_000));
  bar('median round trip of 16 bytes', '≤ 0.8 ms', `${trip.toFixed(2)} ms`, trip <= 0.8);
}

const has = (command: string) => spawnSync(command, ['--version'], { stdio: 'ignore' }).status === 0;

/** Figures without a bar: AWS's own. */
async function plugin(stage: ForwardStage): Promise<void> {
  if (!has('aws') || !has('session-manager-plugin')) {
    console.log('| session-manager-plugin | | skipped: it and aws are not both on PATH | |');
    return;
  }
  const parameters = {
    host: [serverPlace.host],
    portNumber: [String(serverPlace.port)],
    localPortNumber: ['0'],
  };
  const document = 'AWS-StartPortForwardingSessionToRemoteHost';
  const child = spawn(
    'aws',
    [
      ...['ssm', 'start-session', '--target', stage.instance, '--document-name', document],
      ...['--parameters', JSON.stringify(parameters)],
    ],
    // A group of its own: aws waits for the plugin, which alone ends on a signal.
    { env: stage.environment, stdio: ['ignore', 'pipe', 'inherit'], detached: true },
  );
  const ended = new Promise((resolve) => child.once('close', resolve));
  const port = await new Promise<number>((resolve, reject) => {
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      const [, found] = /Port (\d+) opened[\s\S]*Waiting for connections/.exec(text) ?? [];
      if (found !== undefined) resolve(Number(found));
    });
    void ended.then(() => reject(new Error(`the plugin ended: ${text}`)));
  });
  const count = 4e6;
  const figures = [
    ['upload', `${rate(count, (await upload(port, count)).seconds).toFixed(2)} MB/s`],
    ['download', `${rate(count, (await download(port, count)).seconds).toFixed(2)} MB/s`],
    ['median round trip', `${median(await roundTrips(port, 300)).toFixed(2)} ms`],
  ];
  for (const [name, text] of figures) console.log(`| session-manager-plugin, ${name} | | ${text} | |`);
  if (child.pid !== undefined) process.kill(-child.pid, 'SIGTERM');
  await ended;
}

async function slowAgent(stage: ForwardStage): Promise<void> {
  const count = 20e6;
  stage.order({ agentTakesMs: 1 });
  await using running = await stage.forward();
  stage.server.longestSilence = 0;
  const { digest, seconds } = await upload(running.port, count);
  const what = 'push of 20 MB, the agent takes one message a millisecond';
  bar(`${what}: digest`, 'the same', `in ${seconds.toFixed(1)} s`, digest === digestOfNumbered(count));
  const silence = stage.server.longestSilence;
  bar(`${what}: longest silence`, '≤ 1000 ms', `${silence.toFixed(0)} ms`, silence <= 1_000);
  memoryBar(what, running.peakMemory());
}

async function lostSockets(stage: ForwardStage): Promise<void> {
  const [count, cuts] = [100e6, 20];
  const wanted = digestOfNumbered(count);
  for (const [name, transfer] of [
    ['up', upload],
    ['down', download],
  ] as const) {
    stage.order({ cuts, cutAfterBytes: 5e6 });
    await using running = await stage.forward();
    const before = stage.resumptions();
    const { digest, seconds } = await transfer(running.port, count);
    const seen = stage.resumptions() - before;
    const what = `100 MB ${name} over ${cuts} lost sockets`;
    bar(
      `${what}: digest`,
      'the same',
      `in ${seconds.toFixed(1)} s, ${seen} resumed`,
      digest === wanted && seen >= cuts,
    );
    memoryBar(what, running.peakMemory());
  }
}

async function streams(stage: ForwardStage): Promise<void> {
  const count = 2e6;
  const wanted = digestOfNumbered(count);
  stage.order({ agentPaceMs: 1 });
  const timed = async (channels: number) => {
    await using running = await stage.forward('--streams', String(channels));
    const started = performance.now();
    const all = await Promise.all(Array.from({ length: 4 }, () => download(running.port, count)));
    if (all.some(({ digest }) => digest !== wanted)) throw new Error('a download is not what was sent');
    return rate(4 * count, (performance.now() - started) / 1_000);
  };
  const [ones, fours]: [number[], number[]] = [[], []];
  for (let round = 0; round < rounds; round++) {
    ones.push(await timed(1));
    fours.push(await timed(4));
  }
  const [one, four] = [median(ones), median(fours)];
  const text = `${four.toFixed(2)} / ${one.toFixed(2)} MB/s, ${(four / one).toFixed(2)} ×`;
  bar(
    'four downloads, --streams 4 / 1, the agent sends one message a millisecond',
    '≥ 3.5 ×',
    text,
    four / one >= 3.5,
  );
}

async function slowReader(stage: ForwardStage): Promise<void> {
  const [offered, seconds] = [200e6, 10];
  stage.order();
  await using running = await stage.forward();
  stage.server.sent = 0;
  const { read, digest } = await readSlowly(running.port, offered, seconds);
  const what = '200 MB offered, read at 1 MB/s for 10 s';
  const text = `${(read / 1e6).toFixed(1)} MB read, ${((stage.server.sent - read) / 1e6).toFixed(1)} MB on the way`;
  bar(`${what}: digest`, 'the same', text, digest === digestOfNumbered(read) && read >= 9e6);
  memoryBar(what, running.peakMemory());
}

/** From the command to its end, or to what stands in the picker. */
async function instances(): Promise<void> {
  await using stage = await startInstancesStage(forge, 1_000);
  const [lists, firsts, alls]: [number[], number[], number[]] = [[], [], []];
  for (let round = 0; round < 5; round++) {
    lists.push((await stage.forge('ssm', 'list')).durationMs);
    const { firstScreen, all } = await stage.pick(1_005);
    firsts.push(firstScreen);
    alls.push(all);
  }
  for (const [what, times] of [
    ['forge ssm list', lists],
    ["the picker's first screen", firsts],
    ['the picker has them all', alls],
  ] as const) {
    const time = median(times);
    bar(`1 000 instances: ${what}`, '≤ 1000 ms', `${time.toFixed(0)} ms`, time <= 1_000);
  }
}

async function fanOut(): Promise<void> {
  await using stage = await startInstancesStage(forge, 200);
  const words = ['ssm', 'run', '--tag', 'role=bulk', '--output', 'json', '--', 'pwd'];
  const { stdout, durationMs } = await stage.forge(...words);
  const reported: { instanceId: string; stdout: string }[] = JSON.parse(stdout).instances;
  const count = new Set(reported.map(({ instanceId, stdout: folder }) => instanceId + folder)).size;
  const text = `${count} in ${(durationMs / 1_000).toFixed(1)} s`;
  bar(
    'forge ssm run on 200 instances: each reported once',
    '200',
    text,
    count === 200 && reported.length === 200,
  );
}

const before = loadavg()[0]?.toFixed(1);
await instances();
await fanOut();
{
  await using stage = await startForwardStage(forge);
  for (const measure of [speed, plugin, slowAgent, lostSockets, streams, slowReader]) await measure(stage);
}
const when = new Date().toISOString().slice(0, 10);
console.log(
  `\n${when}, ${cpus().length} × ${cpus()[0]?.model.trim()}, Node ${process.version}, ${bytes / 1e6} MB, medians of ${rounds}. Load average before ${before}, after ${loadavg()[0]?.toFixed(1)}.`,
);
