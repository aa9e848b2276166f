import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { bootstrap } from '../../../src/ssm/copy/remote-program.ts';
import { RemoteShell } from '../../../src/ssm/copy/remote-shell.ts';
import { processStream } from '../../../src/ssm/copy/ssh-stream.ts';

/** The shells of this machine that an instance could have; the first words of a command. */
export const shells: readonly (readonly [string, ...string[]])[] = [
  ['/bin/sh'],
  ['/bin/bash', '--posix'],
  ['/bin/busybox', 'sh'],
  ['/usr/bin/zsh', '--emulate', 'sh'],
].filter((words): words is [string, ...string[]] => existsSync(words[0] ?? ''));

/** The program of a copy, run by a shell of this machine in `home`. */
export async function startLocalShell(
  home: string,
  [file, ...args]: readonly [string, ...string[]] = ['/bin/sh'],
  env: Readonly<Record<string, string>> = {},
): Promise<RemoteShell & AsyncDisposable> {
  const child = spawn(file, [...args, '-c', bootstrap], {
    cwd: '/',
    env: { PATH: process.env.PATH ?? '', HOME: home, TMPDIR: home, ...env },
    stdio: 'pipe',
  });
  const stream = processStream(child, 'here');
  const shell = await RemoteShell.start(stream, randomUUID().replaceAll('-', '')).catch(async (error) => {
    await stream[Symbol.asyncDispose]();
    throw error;
  });
  return Object.assign(shell, {
    async [Symbol.asyncDispose]() {
      await shell.end();
      await stream[Symbol.asyncDispose]();
    },
  });
}

/** Progress for nobody. */
export const silent = { start() {}, add() {} };
