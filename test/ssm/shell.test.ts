import { PassThrough } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ForgeError } from '../../src/errors.ts';
import { runShell } from '../../src/ssm/shell.ts';
import { PayloadType } from '../../src/ssm/wire/payload.ts';
import { createOutput } from '../../src/terminal/output.ts';
import { createTestHost } from '../support/test-host.ts';
import { createFakeChannel } from './fake-channel.ts';

function open({ tty = true, maximumMs }: { tty?: boolean; maximumMs?: number } = {}) {
  const raw: boolean[] = [];
  const stdin = Object.assign(
    new PassThrough(),
    tty ? { isTTY: true as const, setRawMode: (on: boolean) => raw.push(on) } : {},
  );
  // win32: no stty for a stream that is no terminal.
  const host = createTestHost({ tty, stdin: stdin as never, platform: 'win32' });
  onTestFinished(() => host.dispose());
  const channel = createFakeChannel();
  const output = createOutput(host, { format: undefined, quiet: false, debug: false });
  const done = runShell({ host, output }, channel, { label: 'dev/bastion', maximumMs });
  done.catch(() => {});
  return { host, stdin, raw, channel, done };
}
const bytesOf = async (done: Promise<unknown>) => done.catch((error: unknown) => error);

describe('shell', () => {
  it('sends the size before anything else, then what is typed, byte for byte', async () => {
    const { stdin, channel, done, host } = open();
    stdin.write('\x03\x1a\x19\x1cé');
    await sleep(20);
    expect(channel.sent[0]).toEqual({ type: PayloadType.size, bytes: Buffer.from('{"cols":100,"rows":30}') });
    expect(channel.typed()).toBe('\x03\x1a\x19\x1cé');
    await channel.receive(PayloadType.output, 'grüße\r\n');
    channel.end({ reason: 'remote', output: '' });
    expect(await done).toBe(0);
    expect(host.out()).toBe('grüße\r\n');
  });

  it('a character that messages or keys cut in two arrives whole', async () => {
    const { stdin, channel, done, host } = open();
    const bytes = Buffer.from('ä€😀');
    // The size goes out just before it listens.
    await expect.poll(() => channel.sent.length).toBe(1);
    for (const byte of bytes) {
      stdin.write(Buffer.of(byte));
      await channel.receive(PayloadType.output, Buffer.of(byte));
    }
    await expect.poll(channel.typed).toBe('ä€😀');
    channel.end({ reason: 'remote', output: '' });
    expect(await done).toBe(0);
    expect(host.out()).toBe('ä€😀');
  });

  it('sends each new size, and of many the last', async () => {
    const { host, channel } = open();
    await sleep(10);
    const release = channel.hold();
    for (const columns of [90, 80, 70]) {
      Object.assign(host.stdout, { columns });
      host.stdout.emit('resize');
    }
    release();
    await sleep(10);
    const sizes = channel.sent.filter(({ type }) => type === PayloadType.size).map(({ bytes }) => `${bytes}`);
    expect(sizes.at(-1)).toBe('{"cols":70,"rows":30}');
    expect(sizes.length).toBeLessThanOrEqual(3);
  });

  it.each(['', 'remote error'])('gives the terminal back when it ends (%s)', async (output) => {
    const { raw, channel, done } = open();
    await sleep(5);
    expect(raw).toEqual([true]);
    channel.end({ reason: 'remote', output });
    await bytesOf(done);
    expect(raw).toEqual([true, false]);
  });

  it('gives the terminal back on a signal', async () => {
    const { raw, host, done } = open();
    await sleep(5);
    host.interrupt('SIGTERM');
    await expect(done).rejects.toBe('SIGTERM');
    expect(raw).toEqual([true, false]);
  });

  it('is left by ~. while the channel hangs', async () => {
    const { stdin, channel, done, host } = open();
    await sleep(5);
    channel.hold();
    stdin.write('ls\r');
    await sleep(5);
    // The terminal must be read on although nothing goes out.
    for (const key of ['~', '.']) {
      stdin.write(key);
      await sleep(5);
    }
    expect(await Promise.race([done, sleep(500)])).toBe(130);
    expect(host.err()).toContain('left the session on dev/bastion');
  });

  it('sends 600 pasted lines whole', async () => {
    const { stdin, channel } = open();
    const pasted = Array.from({ length: 600 }, (_, index) => `~. line ${index} äöü`).join('\r');
    await sleep(5);
    for (let start = 0; start < pasted.length; start += 1000) stdin.write(pasted.slice(start, start + 1000));
    await sleep(50);
    expect(channel.typed()).toBe(pasted);
  });

  it('sends what comes from a pipe without looking for escapes, and ends the shell with it', async () => {
    const { stdin, channel, done } = open({ tty: false });
    stdin.end('~.\nuptime');
    await sleep(400);
    expect(channel.typed()).toBe('~.\nuptime\n\x04');
    await sleep(700);
    expect(channel.typed()).toBe('~.\nuptime\n\x04\x04');
    channel.end({ reason: 'remote', output: '' });
    expect(await done).toBe(0);
  });

  it('says when the time is up, with its own exit code', async () => {
    const { channel, done, host } = open({ maximumMs: 5 * 60_000 });
    await sleep(5);
    host.shiftClock(4.5 * 60_000);
    await sleep(1_100);
    expect(host.err()).toMatch(/ends in (29|30) s/);
    host.shiftClock(60_000);
    const error = await bytesOf(done);
    expect(error).toBeInstanceOf(ForgeError);
    expect(error).toMatchObject({ code: 'SESSION_TIME_UP', exitCode: 7 });
    expect(channel.sent.length).toBeGreaterThan(0);
  });

  it('tells of a lost connection, and of its return', async () => {
    const { channel, host } = open();
    await sleep(5);
    channel.become('suspended');
    await sleep(1_050);
    channel.become('ready');
    expect(host.err()).toContain('connection lost, trying again. ~. leaves');
    expect(host.err()).toContain('connected again');
  });

  it('does not tell of one that is back at once', async () => {
    const { channel, host } = open();
    await sleep(5);
    channel.become('suspended');
    channel.become('ready');
    await sleep(1_050);
    expect(host.err()).toBe('');
  });

  it.each([
    [{ reason: 'remote', output: 'Session timed out due to inactivity' }, 7],
    [{ reason: 'remote', output: 'Plugin failed' }, 1],
    [{ reason: 'lost', output: '' }, 6],
    [{ reason: 'remote', output: '', exitCode: 3 }, 3],
  ] as const)('%j is exit code %i', async (end, code) => {
    const { channel, done } = open();
    channel.end(end);
    const result = await bytesOf(done);
    expect(result instanceof ForgeError ? result.exitCode : result).toBe(code);
  });
});
