import { expect, it } from 'vitest';
import { interruptible } from '../../../src/ssm/copy/remote-stream.ts';
import { sessionStream } from '../../../src/ssm/copy/session-stream.ts';
import { PayloadType } from '../../../src/ssm/wire/payload.ts';
import { createFakeChannel } from '../fake-channel.ts';

it('tells the terminal’s size now and then, for AWS not to take a long download for idle', async () => {
  const channel = createFakeChannel();
  await using _stream = sessionStream(channel, 'web-1', 5);
  await expect
    .poll(() => channel.sent.filter(({ type }) => type === PayloadType.size).length)
    .toBeGreaterThan(1);
});

it.each([
  [
    { reason: 'remote', output: '' },
    { code: 'COPY_CUT', kind: 'unreachable' },
  ],
  [{ reason: 'remote', output: 'timed out due to inactivity' }, { code: 'SESSION_TIME_UP' }],
  [{ reason: 'lost', output: '' }, { code: 'SESSION_LOST' }],
] as const)('a session that ends with %j is lost', async (end, error) => {
  const channel = createFakeChannel();
  await using stream = sessionStream(channel, 'web-1', 60_000);
  channel.end(end);
  await expect(stream.lost).rejects.toMatchObject(error);
});

it('an interruption is the reason, whatever else comes of it', async () => {
  const channel = createFakeChannel();
  const interrupt = new AbortController();
  await using stream = interruptible(sessionStream(channel, 'web-1', 60_000), interrupt.signal);
  interrupt.abort('SIGINT');
  channel.end({ reason: 'local', output: '' });
  await expect(stream.lost).rejects.toBe('SIGINT');
});
