import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { builtForge } from '../support/built-forge.ts';
import { keys } from '../support/pty.ts';
import type { TestSandbox } from '../support/sandbox.ts';
import { useSandbox } from '../support/use-sandbox.ts';
import { endMarked, killInner, markedProcesses, openInner } from './nested-shells.ts';

/** Forwards whose shell is killed: those that a person looks at end with it, those that were sent away go on. */
let sandbox: TestSandbox;
let command: string;
/** Finds its processes whatever started them, and those of no other run. */
const mark = `hangup-${randomUUID()}`;
useSandbox(async (started) => {
  sandbox = started;
  command = `${process.execPath} ${await builtForge()} ssm forward dev/web-1 :22 --reason ${mark}`;
});

/** What a try before left open is not this one's. */
let earlier: ReadonlySet<string> = new Set();
beforeEach(() => {
  earlier = new Set(sandbox.world.ssm.sessions.keys());
});
const openSessions = () =>
  [...sandbox.world.ssm.sessions].filter(([id, { running }]) => running && !earlier.has(id)).length;
afterEach(() => endMarked(mark));

describe.skipIf(process.platform === 'win32')('kill -9 of the shell', () => {
  it('ends a forward of its foreground, and its session', async () => {
    using terminal = await openInner(sandbox);
    terminal.write(`${command}${keys.enter}`);
    await terminal.waitFor(/127\.0\.0\.1:\d+\S* →/);
    expect(openSessions()).toBe(1);
    await killInner(terminal);
    await expect.poll(openSessions, { timeout: 15_000 }).toBe(0);
  });

  it.each(['', 'nohup ', 'setsid '])('leaves one in the background: %s… &', async (before) => {
    using terminal = await openInner(sandbox);
    terminal.write(`${before}${command} > /dev/null 2>&1 &${keys.enter}`);
    await expect.poll(openSessions, { timeout: 15_000 }).toBe(1);
    await killInner(terminal);
    // Longer than a shell that is gone stays unnoticed.
    await sleep(2_500);
    expect(openSessions()).toBe(1);
    for (const pid of markedProcesses(mark)) process.kill(pid, 'SIGINT');
    await expect.poll(openSessions, { timeout: 15_000 }).toBe(0);
  });
});
