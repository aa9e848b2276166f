import { expect, it } from 'vitest';
import { followCommand } from '../../src/ssm/command-session.ts';
import { createFakeChannel } from './fake-channel.ts';

const { signal } = new AbortController();
const sinks = { stdout() {}, stderr() {} };

it("has the command's own code", async () => {
  const channel = createFakeChannel();
  channel.end({ reason: 'remote', output: '', exitCode: 3 });
  expect(await followCommand(channel, 'web-1', sinks, signal)).toBe(3);
});

it('is interrupted, whoever hears of it first', async () => {
  const channel = createFakeChannel();
  const stop = new AbortController();
  stop.signal.addEventListener('abort', () => channel.end({ reason: 'local', output: '' }));
  const following = followCommand(channel, 'web-1', sinks, stop.signal);
  stop.abort('SIGINT');
  await expect(following).rejects.toBe('SIGINT');
});

it('is no success where nobody said how the command ended: the session was ended, or the agent is too old', async () => {
  const channel = createFakeChannel();
  channel.end({ reason: 'remote', output: '' });
  await expect(followCommand(channel, 'web-1', sinks, signal)).rejects.toMatchObject({
    kind: 'failed',
    code: 'NO_EXIT_CODE',
  });
});
