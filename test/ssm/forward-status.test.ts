import { afterEach, expect, it } from 'vitest';
import { showStatus, troubleText } from '../../src/ssm/forward-status.ts';
import type { SessionHealth } from '../../src/ssm/port-session.ts';
import { createOutput } from '../../src/terminal/output.ts';
import { createTestHost, type TestHost } from '../support/test-host.ts';

const hosts: TestHost[] = [];
afterEach(() => {
  for (const host of hosts.splice(0)) host.dispose();
});

const well: SessionHealth = { state: 'ready', silence: 90_000 };
const lost: SessionHealth = { state: 'suspended', silence: 0 };
const silent: SessionHealth = { state: 'paused', silence: 40_400 };

it.each([
  [[], undefined],
  [[well, well], undefined],
  [[lost], 'connection lost, reconnecting'],
  [[well, lost, well], '1 of 3 sessions: connection lost, reconnecting'],
  [[silent], 'the agent has not answered for 40 s'],
  [[silent, { ...silent, silence: 61_000 }], 'the agent has not answered for 1 min'],
  [[well, silent], '1 of 2 sessions: the agent has not answered for 40 s'],
  [[silent, lost], '1 of 2 sessions: connection lost, reconnecting'],
])('%j is told as %j', (health, text) => {
  expect(troubleText(health)).toBe(text);
});

function show(tty: boolean) {
  const host = createTestHost({ tty });
  hosts.push(host);
  const forwards = {
    counters: { up: 0, down: 0, open: 1, total: 2 },
    health: [well] as readonly SessionHealth[],
  };
  let looks = 0;
  const watched = {
    counters: forwards.counters,
    get health() {
      looks++;
      return forwards.health;
    },
  };
  const output = createOutput(host, { format: undefined, quiet: false, debug: false });
  const status = showStatus({ host, output }, watched, { maximumMs: undefined, everyMs: 1 });
  return {
    host,
    async become(health: readonly SessionHealth[], times = 4) {
      forwards.health = health;
      const before = looks;
      await expect.poll(() => looks, { interval: 1 }).toBeGreaterThanOrEqual(before + times);
    },
    [Symbol.dispose]: () => status[Symbol.dispose](),
  };
}

it('a terminal has it in the line, for as long as it lasts', async () => {
  using status = show(true);
  await status.become([lost]);
  expect(status.host.err()).toContain('… connection lost, reconnecting; 1 connection (2 so far)');
  await status.become([silent]);
  expect(status.host.err()).toContain('… the agent has not answered for 40 s; 1 connection (2 so far)');
  await status.become([well]);
  expect(status.host.err()).toMatch(/… 1 connection \(2 so far\)[^…]*$/);
  expect(status.host.err()).not.toContain('\n');
});

it('without one it is said once, and that it is over', async () => {
  using status = show(false);
  await status.become([lost], 20);
  await status.become([well], 20);
  expect(status.host.err()).toBe('Connection lost, reconnecting.\nConnected again.\n');
});
