import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startAwsEndpoint } from '../../../src/sandbox/aws/aws-endpoint.ts';
import { bulkInstance } from '../../../src/sandbox/seed-instances.ts';
import { createWorld } from '../../../src/sandbox/world.ts';
import { openTerminal } from '../../support/pty.ts';
import { type Run, runProgram } from '../../support/sandbox.ts';
import { developerOf, environmentOf } from './developer.ts';

export interface Picked {
  /** Until instances stood there to be picked, milliseconds since forge was started. */
  readonly firstScreen: number;
  /** Until all were counted. */
  readonly all: number;
}

/** The sandbox's AWS with many instances in dev, and the built binary with keys of the environment alone. */
export interface InstancesStage extends AsyncDisposable {
  forge(...args: string[]): Promise<Run>;
  /** How often an operation of AWS has been asked for so far. */
  calls(operation: string): number;
  /** Opens the picker, waits until it counts `online` instances, finds one by some of its letters, and leaves. */
  pick(online: number): Promise<Picked>;
}

/** `binary`: the built bin/forge.cjs. `count`: beside the six that dev has, one of which is offline. */
export async function startInstancesStage(binary: string, count: number): Promise<InstancesStage> {
  const home = await mkdtemp(join(tmpdir(), 'forge-instances-'));
  const world = createWorld({ now: Date.now });
  const endpoint = await startAwsEndpoint({ world, instancesFolder: join(home, 'instances') });
  const { keys, account } = developerOf(world);
  const { accounts, instances } = world.organisation;
  const dev = accounts.find(({ id }) => id === account);
  if (dev === undefined) throw new Error('the sandbox has no dev');
  for (let index = 1; index <= count; index++) instances.push(bulkInstance(dev, index));
  const env = environmentOf(endpoint.url, keys, home);
  return {
    calls: (operation) => world.events.all().filter((event) => event.name === operation).length,
    forge: (...args) => runProgram(process.execPath, [binary, ...args], env),
    async pick(online) {
      const started = performance.now();
      using terminal = openTerminal(process.execPath, [binary, 'ssm'], { env, cwd: home });
      await terminal.waitFor(/> \S+ +i-[0-9a-f]{17} /);
      const firstScreen = performance.now() - started;
      await terminal.waitFor(new RegExp(`${online}/${online}(?!…)`));
      const all = performance.now() - started;
      terminal.write('blk 00177');
      await terminal.waitFor(/> bulk-00177/);
      terminal.write('\x1b');
      const code = await terminal.exit;
      if (code !== 130) throw new Error(`the picker was left with ${code}`);
      return { firstScreen, all };
    },
    async [Symbol.asyncDispose]() {
      await endpoint.close();
      await rm(home, { recursive: true, force: true });
    },
  };
}
