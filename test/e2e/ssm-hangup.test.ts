import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { builtForge } from '../support/built-forge.ts';
import { keys, openTerminal, type Terminal } from '../support/pty.ts';
import { startTestSandbox, type TestSandbox } from '../support/sandbox.ts';

/** Shells on instances whose near end is killed: what becomes of the terminal, of forge and of the session. */
let sandbox: TestSandbox;
let command: string;
beforeAll(async () => {
  sandbox = await startTestSandbox();
  await sandbox.signIn('dana');
  command = `${process.execPath} ${await builtForge()} ssm dev/web-1`;
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

/** A shell in a terminal, with a session started in it or by what it started. */
async function openOuter(): Promise<Terminal> {
  const { NO_COLOR: _, ...env } = sandbox.environment();
  const terminal = openTerminal('bash', ['--norc', '-i'], { env: { ...env, PS1: 'outer> ' } });
  await terminal.waitFor(/outer> /);
  return terminal;
}

async function startSession(terminal: Terminal, line = command): Promise<void> {
  terminal.write(`${line}${keys.enter}`);
  await terminal.waitFor(/\]\$ $/);
  expect(openSessions()).toBe(1);
}

/** Keys are echoed, lines are edited, Ctrl-C is a signal, a line feed goes to the start of the line. */
async function expectSane(terminal: Terminal): Promise<void> {
  terminal.write(`${keys.enter}stty -a; echo "modes":shown${keys.enter}`);
  const [modes] = await terminal.waitFor(/speed [\s\S]*modes:shown/);
  for (const mode of ['icanon', 'echo', 'isig', 'opost']) {
    expect(modes).toMatch(new RegExp(`(?<!-)\\b${mode}\\b`));
  }
}

describe.skipIf(process.platform === 'win32')('kill -9', () => {
  it('of the shell that started it: the one before it has a sane terminal, and the session is ended', async () => {
    using terminal = await openOuter();
    terminal.write(`PS1='inner> ' bash --norc -i${keys.enter}`);
    await terminal.waitFor(/inner> $/);
    await startSession(terminal);
    process.kill(childrenOf(terminal.pid)[0] ?? 0, 'SIGKILL');
    await terminal.waitFor(/outer> /);
    // Nobody has touched a key.
    await expect.poll(openSessions, { timeout: 15_000 }).toBe(0);
    await expectSane(terminal);
  });

  it('of a script around it', async () => {
    using terminal = await openOuter();
    await startSession(terminal, `sh -c '${command}; true'`);
    process.kill(childrenOf(terminal.pid)[0] ?? 0, 'SIGKILL');
    await terminal.waitFor(/outer> /);
    await expect.poll(openSessions, { timeout: 15_000 }).toBe(0);
    await expectSane(terminal);
  });

  it('of the terminal itself, while the instance writes', async () => {
    using terminal = await openOuter();
    await startSession(terminal);
    const [forge = 0] = childrenOf(terminal.pid);
    terminal.write(`while :; do echo more; done${keys.enter}`);
    await terminal.waitFor(/more\r\nmore\r\n/);
    process.kill(terminal.pid, 'SIGKILL');
    await expect.poll(openSessions, { timeout: 15_000 }).toBe(0);
    await expect.poll(() => isRunning(forge), { timeout: 15_000 }).toBe(false);
  });

  it('of forge: a sane terminal; AWS ends the session when nobody has used it for its idle time', async () => {
    using terminal = await openOuter();
    await startSession(terminal);
    process.kill(childrenOf(terminal.pid)[0] ?? 0, 'SIGKILL');
    await terminal.waitFor(/outer> /);
    await expectSane(terminal);
    expect(openSessions()).toBe(1);
    const idle = 21 * 60_000;
    await sandbox.admin.setClock(idle);
    await expect.poll(openSessions, { timeout: 15_000 }).toBe(0);
    await sandbox.admin.setClock(0);
  });
});

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
