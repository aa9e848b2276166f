import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { builtForge } from '../support/built-forge.ts';
import { keys, openTerminal, type Terminal } from '../support/pty.ts';
import { startTestSandbox, type TestSandbox } from '../support/sandbox.ts';

/** Forwards whose shell is killed: those that a person looks at end with it, those that were sent away go on. */
let sandbox: TestSandbox;
let command: string;
/** Finds its processes whatever started them, and those of no other run. */
const mark = `hangup-${randomUUID()}`;
beforeAll(async () => {
  sandbox = await startTestSandbox();
  await sandbox.signIn('dana');
  command = `${process.execPath} ${await builtForge()} ssm forward dev/web-1 :22 --reason ${mark}`;
}, 120_000);
afterAll(async () => {
  await sandbox?.[Symbol.asyncDispose]();
});

const openSessions = () => [...sandbox.world.ssm.sessions.values()].filter(({ running }) => running).length;
const childrenOf = (pid: number) =>
  execFileSync('pgrep', ['-P', String(pid)], { encoding: 'utf8' })
    .trim()
    .split('\n')
    .map(Number);

/** A shell in a shell in a terminal. */
async function openInner(): Promise<Terminal> {
  const { NO_COLOR: _, ...env } = sandbox.environment();
  const terminal = openTerminal('bash', ['--norc', '-i'], { env: { ...env, PS1: 'outer> ' } });
  await terminal.waitFor(/outer> /);
  terminal.write(`PS1='inner> ' bash --norc -i${keys.enter}`);
  await terminal.waitFor(/inner> $/);
  return terminal;
}

function killInner(terminal: Terminal): void {
  process.kill(childrenOf(terminal.pid)[0] ?? 0, 'SIGKILL');
}

describe.skipIf(process.platform === 'win32')('kill -9 of the shell', () => {
  it('ends a forward of its foreground, and its session', async () => {
    using terminal = await openInner();
    terminal.write(`${command}${keys.enter}`);
    await terminal.waitFor(/127\.0\.0\.1:\d+\S* →/);
    expect(openSessions()).toBe(1);
    killInner(terminal);
    await terminal.waitFor(/outer> /);
    await expect.poll(openSessions, { timeout: 15_000 }).toBe(0);
  });

  it.each(['', 'nohup ', 'setsid '])('leaves one in the background: %s… &', async (before) => {
    using terminal = await openInner();
    terminal.write(`${before}${command} > /dev/null 2>&1 &${keys.enter}`);
    await expect.poll(openSessions, { timeout: 15_000 }).toBe(1);
    killInner(terminal);
    await terminal.waitFor(/outer> /);
    // Longer than a shell that is gone stays unnoticed.
    await sleep(2_500);
    expect(openSessions()).toBe(1);
    for (const pid of marked()) process.kill(pid, 'SIGINT');
    await expect.poll(openSessions, { timeout: 15_000 }).toBe(0);
  });
});

function marked(): number[] {
  return execFileSync('pgrep', ['-f', mark], { encoding: 'utf8' }).trim().split('\n').map(Number);
}
