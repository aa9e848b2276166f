import { beforeEach, describe, expect, it } from 'vitest';
import { builtForge } from '../support/built-forge.ts';
import { keys, type Terminal } from '../support/pty.ts';
import type { TestSandbox } from '../support/sandbox.ts';
import { useSandbox } from '../support/use-sandbox.ts';
import { childOf, killInner, openInner, openOuter } from './nested-shells.ts';

/** Shells on instances whose near end is killed: what becomes of the terminal, of forge and of the session. */
let sandbox: TestSandbox;
let command: string;
useSandbox(async (started) => {
  sandbox = started;
  command = `${process.execPath} ${await builtForge()} ssm dev/web-1`;
});

/** What a try before left open is not this one's. */
let earlier: ReadonlySet<string> = new Set();
beforeEach(() => {
  earlier = new Set(sandbox.world.ssm.sessions.keys());
});
const openSessions = () =>
  [...sandbox.world.ssm.sessions].filter(([id, { running }]) => running && !earlier.has(id)).length;
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
    using terminal = await openInner(sandbox);
    await startSession(terminal);
    await killInner(terminal);
    // Nobody has touched a key.
    await expect.poll(openSessions, { timeout: 15_000 }).toBe(0);
    await expectSane(terminal);
  });

  it('of a script around it', async () => {
    using terminal = await openOuter(sandbox);
    await startSession(terminal, `sh -c '${command}; true'`);
    await killInner(terminal);
    await expect.poll(openSessions, { timeout: 15_000 }).toBe(0);
    await expectSane(terminal);
  });

  it('of the terminal itself, while the instance writes', async () => {
    using terminal = await openOuter(sandbox);
    await startSession(terminal);
    const forge = childOf(terminal);
    terminal.write(`while :; do echo more; done${keys.enter}`);
    await terminal.waitFor(/more\r\nmore\r\n/);
    process.kill(terminal.pid, 'SIGKILL');
    await expect.poll(openSessions, { timeout: 15_000 }).toBe(0);
    await expect.poll(() => isRunning(forge), { timeout: 15_000 }).toBe(false);
  });

  it('of forge: a sane terminal; AWS ends the session when nobody has used it for its idle time', async () => {
    using terminal = await openOuter(sandbox);
    await startSession(terminal);
    await killInner(terminal);
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
