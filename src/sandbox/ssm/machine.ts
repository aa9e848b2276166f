import type { ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Instance } from '../organisation.ts';
import { spawnGuarded } from '../spawn-guarded.ts';

/**
 * What stands for the instances: folders of this machine, in which programs run as whoever runs the sandbox. They
 * see an environment of their own and nothing of forge's.
 */
export interface Machine extends AsyncDisposable {
  /** The home folder on an instance; made when it is first asked for. */
  home(instance: Instance): Promise<string>;
  environment(instance: Instance, home: string): Record<string, string>;
  /** What an interactive session runs. */
  readonly shell: readonly [file: string, ...args: string[]];
  /** A program without a terminal, in a process group of its own that ends with the sandbox, however that ends. */
  run(argv: readonly string[], instance: Instance, home: string): ChildProcess;
}

export function createMachine(folder?: string): Machine {
  const children = new Set<ChildProcess>();
  let root: Promise<string> | undefined;
  const findRoot = () => {
    root ??= folder === undefined ? mkdtemp(join(tmpdir(), 'forge-instances-')) : Promise.resolve(folder);
    return root;
  };
  const bash = ['/bin/bash', '/usr/bin/bash'].find((file) => existsSync(file));
  return {
    shell: bash === undefined ? ['/bin/sh', '-i'] : [bash, '--noprofile', '--norc', '-i'],
    async home(instance) {
      const home = join(await findRoot(), instance.id);
      await mkdir(home, { recursive: true, mode: 0o700 });
      return home;
    },
    environment: (instance, home) => ({
      PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      HOME: home,
      TERM: 'xterm-256color',
      LANG: 'C.UTF-8',
      SHELL: '/bin/sh',
      HOSTNAME: instance.tags.Name ?? instance.id,
      INSTANCE_ID: instance.id,
      PS1: `[ssm-user@${instance.tags.Name ?? instance.id}]$ `,
    }),
    run(argv, instance, home) {
      const env = this.environment(instance, home);
      const child = spawnGuarded(argv, { cwd: home, env, stdin: 'ignore' });
      children.add(child);
      child.on('error', () => children.delete(child));
      child.on('close', () => children.delete(child));
      return child;
    },
    async [Symbol.asyncDispose]() {
      for (const child of children) killGroup(child.pid, 'SIGKILL');
      if (root === undefined) return;
      await rm(await root, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}

/** A process and those it started. */
export function killGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // Gone already, or it was never a group: nothing is left to end.
  }
}
