/**
 * `node scripts/run.mjs bench/ssm.ts`: a forwarded port on the sandbox's gateway, beside a sender that sleeps a
 * millisecond for each KiB, as AWS's plugin and agent do. Ratios, because a machine's speed is not forge's.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startAwsEndpoint } from '../src/sandbox/aws/aws-endpoint.ts';
import { createWorld } from '../src/sandbox/world.ts';

const bytes = Number(process.argv[2] ?? 40) * 1e6;
const bars = { upload: 25, download: 35, roundTripMs: 0.8 };

const home = mkdtempSync(join(tmpdir(), 'forge-bench-'));
const world = createWorld({ now: Date.now });
const endpoint = await startAwsEndpoint({ world });
const { organisation } = world;
const account = organisation.accounts.find(({ name }) => name === 'dev')?.id ?? '';
const role = organisation.roles.find(
  (entry) => entry.account === account && entry.name.startsWith('AWSReservedSSO_Forge-Developer_'),
);
if (role === undefined) throw new Error('the sandbox has no Forge-Developer');
const keys = world.keys.issueTemporary(
  {
    kind: 'role',
    account,
    arn: `arn:aws:sts::${account}:assumed-role/${role.name}/dana@tapp.example`,
    userId: `${role.id}:dana@tapp.example`,
    mfaAt: undefined,
    role,
    sessionName: 'dana@tapp.example',
    sourceIdentity: undefined,
    tags: {},
    transitiveTagKeys: [],
    sessionPolicies: [],
    person: organisation.people.find(({ nickname }) => nickname === 'dana'),
  },
  3_600,
);

/** The first byte says what is wanted: u(pload: answered with one byte when all is there), d(ownload), e(cho). */
const target = createServer({ noDelay: true }, (socket) => {
  socket.on('error', () => {});
  socket.once('data', (first: Buffer) => {
    if (first[0] === 0x65) return void socket.pipe(socket);
    if (first[0] === 0x64) return void sendAll(socket, bytes);
    let seen = first.length - 1;
    socket.on('data', (chunk: Buffer) => {
      seen += chunk.length;
      if (seen >= bytes) socket.write('.');
    });
  });
});
await new Promise<void>((resolve) => target.listen(0, '127.0.0.1', resolve));
const bastion = organisation.instances.find(
  (entry) => entry.account === account && entry.tags.Name === 'bastion',
);
world.ssm.network.register({
  instance: undefined,
  host: 'bench.internal',
  port: 9,
  localPort: (target.address() as AddressInfo).port,
});

const forge = spawn(
  process.execPath,
  [
    join(process.cwd(), 'bin', 'forge.cjs'),
    ...[
      'ssm',
      'forward',
      bastion?.id ?? '',
      ':bench.internal:9',
      '--region',
      'us-east-1',
      '--output',
      'json',
    ],
  ],
  {
    env: {
      PATH: process.env.PATH,
      HOME: home,
      AWS_ENDPOINT_URL: endpoint.url,
      AWS_ACCESS_KEY_ID: keys.accessKeyId,
      AWS_SECRET_ACCESS_KEY: keys.secretAccessKey,
      AWS_SESSION_TOKEN: keys.sessionToken,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  },
);
const port = await new Promise<number>((resolve, reject) => {
  let text = '';
  forge.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
    if (text.endsWith('}\n')) resolve(JSON.parse(text).forwards[0].localPort);
  });
  forge.once('close', (code) => reject(new Error(`forge ended with ${code}`)));
});

async function sendAll(socket: Socket, count: number): Promise<void> {
  const piece = Buffer.alloc(64 * 1024, 7);
  for (let left = count; left > 0; left -= piece.length) {
    if (!socket.write(piece.subarray(0, Math.min(left, piece.length)))) {
      await new Promise((resolve) => socket.once('drain', resolve));
    }
  }
}

async function rateOf(kind: 'u' | 'd'): Promise<number> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  const started = performance.now();
  const wanted = kind === 'u' ? 1 : bytes;
  let seen = 0;
  const done = new Promise<void>((resolve) => {
    socket.on('data', (chunk: Buffer) => {
      seen += chunk.length;
      if (seen >= wanted) resolve();
    });
  });
  socket.write(kind);
  if (kind === 'u') await sendAll(socket, bytes);
  await done;
  socket.destroy();
  return bytes / 1e6 / ((performance.now() - started) / 1000);
}

async function roundTrip(): Promise<number> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  const ask = () =>
    new Promise<void>((resolve) => {
      socket.once('data', () => resolve());
      socket.write('sixteen bytes ok');
    });
  const times: number[] = [];
  socket.write('e');
  await sleep(200);
  for (let index = 0; index < 1_000; index++) {
    const started = performance.now();
    await ask();
    times.push(performance.now() - started);
  }
  socket.destroy();
  return times.sort((one, other) => one - other)[500] ?? 0;
}

/** MB/s of who sleeps a millisecond after each KiB. */
async function sleeperRate(): Promise<number> {
  const started = performance.now();
  let sent = 0;
  for (; performance.now() - started < 2_000; sent += 1_024) await sleep(1);
  return sent / 1e6 / ((performance.now() - started) / 1000);
}

const middle = (values: number[]) => values.sort((one, other) => one - other)[values.length >> 1] ?? 0;
const [up, down, naive]: number[][] = [[], [], []];
for (let round = 0; round < 3; round++) {
  up?.push(await rateOf('u'));
  down?.push(await rateOf('d'));
  naive?.push(await sleeperRate());
}
const sleeper = middle(naive ?? []);
const say = (name: string, rate: number, bar: number) =>
  console.log(
    `${name.padEnd(10)} ${rate.toFixed(1).padStart(7)} MB/s  ${(rate / sleeper).toFixed(1)} × (bar: ${bar} ×)`,
  );
console.log(`sleeper    ${sleeper.toFixed(2).padStart(7)} MB/s`);
say('upload', middle(up ?? []), bars.upload);
say('download', middle(down ?? []), bars.download);
console.log(`round trip ${(await roundTrip()).toFixed(2).padStart(7)} ms (bar: ${bars.roundTripMs})`);
forge.removeAllListeners('close');
forge.kill('SIGINT');
await new Promise((resolve) => forge.once('close', resolve));
target.close();
await endpoint.close();
rmSync(home, { recursive: true, force: true });
process.exit(0);
