import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { builtForge } from '../support/built-forge.ts';
import { keys, openTerminal } from '../support/pty.ts';
import { startTestSandbox, type TestSandbox } from '../support/sandbox.ts';

/** What a person has in a terminal whose shell is killed: the built-in shell for SQL, and another program. */
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

const sql = (mark: string) => `db connect dev --client builtin --reason ${mark}`;
// The program, too, has the mark in its arguments.
const program = (mark: string) => `exec dev -- sh -c 'echo program run''s; sleep 300; : ${mark}'`;

describe.skipIf(process.platform === 'win32')('kill -9 of the shell ends', () => {
  it.each([
    ['forge db connect at its prompt', sql, /dev RW=>.*$/, undefined],
    ['forge db connect while a statement runs', sql, /dev RW=>.*$/, 'select pg_sleep(300);'],
    ['forge exec and its program', program, /program runs/, undefined],
  ])('%s', async (_, words, ready, statement) => {
    const mark = `hangup-${randomUUID()}`;
    const { NO_COLOR: _colour, ...env } = sandbox.environment();
    using terminal = openTerminal('bash', ['--norc', '-i'], { env: { ...env, PS1: 'outer> ' } });
    await terminal.waitFor(/outer> /);
    terminal.write(`PS1='inner> ' bash --norc -i${keys.enter}`);
    await terminal.waitFor(/inner> $/);
    terminal.write(`${process.execPath} ${await builtForge()} ${words(mark)}${keys.enter}`);
    await terminal.waitFor(ready);
    expect(isMarked(mark)).toBe(true);
    if (statement !== undefined) {
      terminal.write(`${statement}${keys.enter}`);
      await terminal.waitFor(/pg_sleep\(300\);[\r\n]/);
    }
    process.kill(childrenOf(terminal.pid)[0] ?? 0, 'SIGKILL');
    await terminal.waitFor(/outer> /);
    await expect.poll(() => isMarked(mark), { timeout: 15_000 }).toBe(false);
  });
});
