import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { builtForge } from '../support/built-forge.ts';
import { keys, openTerminal } from '../support/pty.ts';
import { startTestSandbox, type TestSandbox } from '../support/sandbox.ts';

/** The built-in shell for SQL whose own shell is killed. */
let sandbox: TestSandbox;
beforeAll(async () => {
  sandbox = await startTestSandbox();
  await sandbox.signIn('dana');
}, 120_000);
afterAll(async () => {
  await sandbox?.[Symbol.asyncDispose]();
});

const childrenOf = (pid: number) =>
  execFileSync('pgrep', ['-P', String(pid)], { encoding: 'utf8' })
    .trim()
    .split('\n')
    .map(Number);

function isMarked(mark: string): boolean {
  try {
    execFileSync('pgrep', ['-f', mark]);
    return true;
  } catch {
    return false;
  }
}

describe.skipIf(process.platform === 'win32')('kill -9 of the shell ends forge db connect', () => {
  it.each([
    ['at its prompt', undefined],
    ['while a statement runs', 'select pg_sleep(300);'],
  ])('%s', async (_, statement) => {
    const mark = `hangup-${randomUUID()}`;
    const { NO_COLOR: _colour, ...env } = sandbox.environment();
    using terminal = openTerminal('bash', ['--norc', '-i'], { env: { ...env, PS1: 'outer> ' } });
    await terminal.waitFor(/outer> /);
    terminal.write(`PS1='inner> ' bash --norc -i${keys.enter}`);
    await terminal.waitFor(/inner> $/);
    const command = `${process.execPath} ${await builtForge()} db connect dev --client builtin --reason ${mark}`;
    terminal.write(`${command}${keys.enter}`);
    await terminal.waitFor(/dev RW=>.*$/);
    if (statement !== undefined) {
      terminal.write(`${statement}${keys.enter}`);
      await terminal.waitFor(/pg_sleep\(300\);[\r\n]/);
    }
    process.kill(childrenOf(terminal.pid)[0] ?? 0, 'SIGKILL');
    await terminal.waitFor(/outer> /);
    await expect.poll(() => isMarked(mark), { timeout: 15_000 }).toBe(false);
  });
});
