import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startAwsEndpoint } from '../../../src/sandbox/aws/aws-endpoint.ts';
import { type ChannelFaults, noFaults } from '../../../src/sandbox/ssm/channel-faults.ts';
import { createWorld } from '../../../src/sandbox/world.ts';
import { developerOf, environmentOf } from './developer.ts';
import { type MeasuredServer, startMeasuredServer } from './measured-server.ts';

/** A forge of its own that forwards one port to the server. */
export interface RunningForward extends AsyncDisposable {
  readonly port: number;
  readonly err: () => string;
  /** The most memory that it ever took, MB; undefined where the system does not tell. */
  peakMemory(): number | undefined;
}

/** The sandbox's gateway with a server behind an instance, and the built binary with keys of the environment alone. */
export interface ForwardStage extends AsyncDisposable {
  readonly server: MeasuredServer;
  /** The environment of programs that reach this AWS. */
  readonly environment: NodeJS.ProcessEnv;
  readonly instance: string;
  /** For sessions that start from now on; nothing: none. */
  order(faults?: Partial<ChannelFaults>): void;
  /** How often sessions were resumed so far. */
  resumptions(): number;
  forward(...options: string[]): Promise<RunningForward>;
}

/** Where the server is, as the instance knows it. */
export const serverPlace = { host: 'bars.internal', port: 9 } as const;

/** `binary`: the built bin/forge.cjs. */
export async function startForwardStage(binary: string): Promise<ForwardStage> {
  const home = await mkdtemp(join(tmpdir(), 'forge-forward-'));
  const world = createWorld({ now: Date.now });
  const [endpoint, server] = await Promise.all([startAwsEndpoint({ world }), startMeasuredServer()]);
  world.ssm.network.register({ ...serverPlace, instance: undefined, localPort: server.port });
  const { keys, instance } = developerOf(world);
  const environment = environmentOf(endpoint.url, keys, home);
  return {
    server,
    environment,
    instance,
    order(faults = {}) {
      world.ssm.faults = { ...noFaults, ...faults };
    },
    resumptions: () => world.events.counts()['ssm:ResumeSession'] ?? 0,
    forward: (...options) =>
      startForward(
        [binary, 'ssm', 'forward', instance, `:${serverPlace.host}:${serverPlace.port}`, ...options],
        environment,
      ),
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await endpoint.close();
      await rm(home, { recursive: true, force: true });
    },
  };
}

async function startForward(args: readonly string[], env: NodeJS.ProcessEnv): Promise<RunningForward> {
  const child = spawn(process.execPath, [...args, '--output', 'json'], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  let err = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text;
  });
  const ended = new Promise<number | null>((resolve) => {
    child.once('close', resolve);
  });
  const port = await new Promise<number>((resolve, reject) => {
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      out += text;
      if (out.endsWith('}\n')) resolve(JSON.parse(out).forwards[0].localPort);
    });
    void ended.then((code) => reject(new Error(`forge ended with ${code}: ${err}`)));
  });
  return {
    port,
    err: () => err,
    peakMemory: () => peakMemory(child.pid),
    async [Symbol.asyncDispose]() {
      child.kill('SIGINT');
      await ended;
    },
  };
}

/** VmHWM of proc(5). */
function peakMemory(pid: number | undefined): number | undefined {
  const file = `/proc/${pid}/status`;
  const [, kilobytes] = existsSync(file)
    ? (/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(file, 'utf8')) ?? [])
    : [];
  return kilobytes === undefined ? undefined : (Number(kilobytes) * 1_024) / 1e6;
}
