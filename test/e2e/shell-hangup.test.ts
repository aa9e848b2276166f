import { randomUUID } from 'node:crypto';
import { describe, expect, it, onTestFinished } from 'vitest';
import { builtForge } from '../support/built-forge.ts';
import { keys } from '../support/pty.ts';
import type { TestSandbox } from '../support/sandbox.ts';
import { useSandbox } from '../support/use-sandbox.ts';
import { endMarked, killInner, markedProcesses, openInner } from './nested-shells.ts';

/** What a person has in a terminal whose shell is killed: the built-in shell for SQL, and another program. */
let sandbox: TestSandbox;
useSandbox((started) => {
  sandbox = started;
});

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
    onTestFinished(() => endMarked(mark));
    using terminal = await openInner(sandbox);
    terminal.write(`${process.execPath} ${await builtForge()} ${words(mark)}${keys.enter}`);
    await terminal.waitFor(ready);
    expect(markedProcesses(mark)).not.toEqual([]);
    if (statement !== undefined) {
      terminal.write(`${statement}${keys.enter}`);
      await terminal.waitFor(/pg_sleep\(300\);[\r\n]/);
    }
    await killInner(terminal);
    await expect.poll(() => markedProcesses(mark), { timeout: 15_000 }).toEqual([]);
  });
});
