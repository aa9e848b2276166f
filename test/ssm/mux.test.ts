import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { openBasicPort } from '../../src/ssm/basic-port.ts';
import { openMux } from '../../src/ssm/mux.ts';
import { ConnectRefused, SessionOver } from '../../src/ssm/port-channel.ts';
import { Flag, PayloadType } from '../../src/ssm/wire/payload.ts';
import { encodeData, encodeFrame, FrameReader, SmuxCommand } from '../../src/ssm/wire/smux.ts';
import { type LinkedChannel, linkAgent, linkChannel } from './agent-double.ts';
import { digestOf, freePort, startEcho, startTarget } from './tcp-target.ts';

const { signal } = new AbortController();
const options = { destination: 'db.internal:5432', onBroken: () => {} };
afterEach(() => void vi.useRealTimers());

async function readAll(stream: Duplex): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function framesSent({ sent }: LinkedChannel) {
  const reader = new FrameReader();
  return sent
    .filter(({ payloadType }) => payloadType === PayloadType.output)
    .flatMap(({ bytes }) => reader.push(bytes))
    .map(({ command, streamId }) => [command, streamId]);
}

describe('connections in one session', () => {
  it('64 at once, each with its own bytes', async () => {
    await using echo = await startEcho();
    const mux = openMux(linkAgent(echo.port).channel, options);
    await Promise.all(
      Array.from({ length: 64 }, async (_, index) => {
        const data = randomBytes(1000 + index * 3001);
        const stream = await mux.connect(signal);
        stream.end(data);
        expect(digestOf(await readAll(stream))).toBe(digestOf(data));
      }),
    );
    expect(mux.active).toBe(0);
  });

  it('the agent opens none: what it asks for is not answered, however often', async () => {
    const link = linkChannel('3.3.0.0');
    const mux = openMux(link.channel, options);
    const flood = Buffer.concat(
      Array.from({ length: 1000 }, (_, index) => encodeFrame(SmuxCommand.open, index)),
    );
    for (let round = 0; round < 10; round++) await link.deliver(PayloadType.output, flood);
    expect(link.sent).toHaveLength(0);
    expect(mux.active).toBe(0);
  });

  it('ids are odd, from 3', async () => {
    const link = linkChannel('3.3.0.0');
    const mux = openMux(link.channel, options);
    await mux.connect(signal);
    await mux.connect(signal);
    expect(framesSent(link)).toEqual([
      [SmuxCommand.open, 3],
      [SmuxCommand.open, 5],
    ]);
  });

  it('an answer that comes after the question was ended is not cut off', async () => {
    await using target = await startTarget((socket) => {
      socket.resume();
      // A server of a kind that answers when its client has ended would never hear of it here: it answers by time.
      setTimeout(() => socket.end('the answer'), 300);
    });
    const mux = openMux(linkAgent(target.port).channel, options);
    const stream = await mux.connect(signal);
    stream.end('the question');
    expect((await readAll(stream)).toString()).toBe('the answer');
  });

  it('with nothing to come it ends after five seconds; destroyed, at once', async () => {
    vi.useFakeTimers();
    const link = linkChannel('3.3.0.0');
    const mux = openMux(link.channel, options);
    const [ended, destroyed] = [await mux.connect(signal), await mux.connect(signal)];
    ended.end();
    ended.resume();
    destroyed.destroy();
    await vi.advanceTimersByTimeAsync(4_000);
    expect(framesSent(link)).not.toContainEqual([SmuxCommand.close, 3]);
    expect(framesSent(link)).toContainEqual([SmuxCommand.close, 5]);
    // Data is a sign of life.
    await link.deliver(PayloadType.output, encodeData(3, Buffer.from('x')));
    await vi.advanceTimersByTimeAsync(4_000);
    expect(framesSent(link)).not.toContainEqual([SmuxCommand.close, 3]);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(framesSent(link)).toContainEqual([SmuxCommand.close, 3]);
    expect(mux.active).toBe(0);
  });

  it('a connection that the server refuses is told so, and no other', async () => {
    const mux = openMux(linkAgent(await freePort()).channel, options);
    const stream = await mux.connect(signal);
    const [error] = (await once(stream, 'error')) as [Error];
    expect(error).toBeInstanceOf(ConnectRefused);
    expect(error.message).toContain('db.internal:5432');
  });

  it('the flag belongs to the stream whose FIN follows it, of those that had no data', async () => {
    const link = linkChannel('3.3.0.0');
    const mux = openMux(link.channel, options);
    const [first, second] = [await mux.connect(signal), await mux.connect(signal)];
    await link.deliver(PayloadType.output, encodeData(3, Buffer.from('alive')));
    await link.deliver(PayloadType.flag, Buffer.from([0, 0, 0, Flag.connectToPortError]));
    await link.deliver(PayloadType.output, encodeFrame(SmuxCommand.close, 3));
    const failed = once(second, 'error');
    await link.deliver(PayloadType.output, encodeFrame(SmuxCommand.close, 5));
    expect((await failed)[0]).toBeInstanceOf(ConnectRefused);
    expect((await readAll(first)).toString()).toBe('alive');
  });

  it('a reader that does not read holds the channel back, and holds little', async () => {
    const link = linkChannel('3.3.0.0');
    const mux = openMux(link.channel, options);
    const stream = await mux.connect(signal);
    const piece = encodeData(3, Buffer.alloc(1016));
    let delivered = 0;
    const feeding = (async () => {
      for (; delivered < 20_000; delivered++) await link.deliver(PayloadType.output, piece);
    })();
    await sleep(200);
    expect(delivered).toBeLessThan(1100);
    expect(stream.readableLength).toBeLessThanOrEqual(1024 * 1024 + 1016);
    let read = 0;
    stream.on('data', (chunk: Buffer) => {
      read += chunk.length;
    });
    await feeding;
    expect(read).toBe(20_000 * 1016);
  });

  it('one that reads nothing for half a minute does not hold up others for longer', async () => {
    vi.useFakeTimers();
    const link = linkChannel('3.3.0.0');
    const mux = openMux(link.channel, options);
    const stalled = await mux.connect(signal);
    const told = new Promise<Error>((resolve) => stalled.once('error', resolve));
    const feeding = link.deliver(PayloadType.output, encodeDataTimes(3, 40));
    // Alone it may take its time.
    await vi.advanceTimersByTimeAsync(120_000);
    expect(stalled.destroyed).toBe(false);
    const other = await mux.connect(signal);
    await vi.advanceTimersByTimeAsync(31_000);
    expect(await told).toBeInstanceOf(SessionOver);
    await feeding;
    await link.deliver(PayloadType.output, encodeData(5, Buffer.from('mine')));
    expect(other.read()?.toString()).toBe('mine');
  });

  it('what is written waits when the channel is full', async () => {
    let open = () => {};
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    const link = linkChannel('3.3.0.0', () => gate);
    const stream = await openMux(link.channel, options).connect(signal);
    let accepted = 0;
    while (stream.write(Buffer.alloc(16_384))) accepted++;
    expect(accepted).toBeLessThan(8);
    expect(stream.writableNeedDrain).toBe(true);
    open();
    await once(stream, 'drain');
  });

  it('connections take turns: a small one does not wait for all of a large one', async () => {
    const order: number[] = [];
    const reader = new FrameReader();
    const link = linkChannel('3.3.0.0', async (_, bytes) => {
      for (const { command, streamId } of reader.push(bytes)) {
        if (command === SmuxCommand.data) order.push(streamId);
      }
      await sleep(1);
    });
    const mux = openMux(link.channel, options);
    const [large, small] = [await mux.connect(signal), await mux.connect(signal)];
    large.write(Buffer.alloc(60 * 1024));
    small.write(Buffer.alloc(10));
    await expect.poll(() => order.filter((id) => id === 3).length, { interval: 5 }).toBeGreaterThan(3);
    expect(order).toContain(5);
    expect(order.indexOf(5)).toBeLessThanOrEqual(2);
  });

  it('a session that ends takes its connections with it, and takes no new ones', async () => {
    const link = linkChannel('3.3.0.0');
    const mux = openMux(link.channel, options);
    const stream = await mux.connect(signal);
    const told = once(stream, 'error');
    link.end({ reason: 'remote', output: 'Session timed out.' });
    expect((await told)[0]).toMatchObject({ message: 'Session timed out.' });
    await expect(mux.connect(signal)).rejects.toThrow('Session timed out.');
  });

  it('whatever an agent sends, nothing crashes, hangs or is kept: it goes on, or ends as broken', async () => {
    const frame = fc
      .record({
        command: fc.constantFrom(
          SmuxCommand.open,
          SmuxCommand.close,
          SmuxCommand.data,
          SmuxCommand.keepalive,
        ),
        streamId: fc.oneof(fc.constantFrom(3, 5, 7, 0), fc.nat(0xffff_ffff)),
        payload: fc.uint8Array({ maxLength: 40 }),
      })
      .map(({ command, streamId, payload }) => ({
        payloadType: PayloadType.output as number,
        bytes: encodeFrame(command, streamId, command === SmuxCommand.data ? payload : undefined),
      }));
    const noise = fc.record({
      payloadType: fc.constantFrom<number>(PayloadType.output, PayloadType.flag, PayloadType.size, 99),
      bytes: fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
    });
    const message = fc.oneof({ arbitrary: frame, weight: 20 }, { arbitrary: noise, weight: 1 });
    await fc.assert(
      fc.asyncProperty(fc.array(message, { maxLength: 40 }), async (messages) => {
        const { channel, deliver } = linkChannel('3.3.987.0');
        let broken = 0;
        const mux = openMux(channel, { destination: 'db:5432', onBroken: () => broken++ });
        const streams = await Promise.all([1, 2, 3].map(() => mux.connect(signal)));
        for (const stream of streams) stream.on('error', () => {}).resume();
        for (const { payloadType, bytes } of messages) await deliver(payloadType, bytes);
        expect(broken).toBeLessThanOrEqual(1);
        if (broken > 0) {
          expect(mux.active).toBe(0);
          await expect(mux.connect(signal)).rejects.toThrow();
        }
        mux.end();
        expect(mux.active).toBe(0);
      }),
      { numRuns: 2_000 },
    );
  });

  it('an agent that breaks the protocol is not listened to any more', async () => {
    const link = linkChannel('3.3.0.0');
    const broken: Error[] = [];
    const mux = openMux(link.channel, { ...options, onBroken: (error) => broken.push(error) });
    const told = once(await mux.connect(signal), 'error');
    await link.deliver(PayloadType.output, Buffer.from('0201000003000000', 'hex'));
    expect((await told)[0]).toBeInstanceOf(Error);
    expect(broken).toHaveLength(1);
  });

  it.each([
    ['3.1.1511.0', true],
    ['3.1.999.0', true],
    ['3.1.1512.0', false],
    ['3.3.987.0', false],
    ['10.0.0.0', false],
  ])('keepalives for an agent %s: %s', async (version, expected) => {
    vi.useFakeTimers();
    const link = linkChannel(version);
    const mux = openMux(link.channel, options);
    await vi.advanceTimersByTimeAsync(25_000);
    expect(framesSent(link)).toEqual(expected ? Array(2).fill([SmuxCommand.keepalive, 0]) : []);
    mux.end();
  });
});

function encodeDataTimes(id: number, times: number): Buffer {
  return Buffer.concat(Array.from({ length: times }, () => encodeData(id, Buffer.alloc(32_768))));
}

describe('sessions of old agents', () => {
  it('carry one connection after the other, bare', async () => {
    const link = linkChannel('3.0.196.0');
    const port = openBasicPort(link.channel);
    const first = await port.connect(signal);
    first.write('one');
    const waiting = port.connect(signal);
    await link.deliver(PayloadType.output, Buffer.from('two'));
    expect(first.read()?.toString()).toBe('two');
    first.destroy();
    const second = await waiting;
    second.write('\n');
    await sleep(5);
    expect(link.sent.map(({ payloadType, bytes }) => [payloadType, bytes.toString('hex')])).toEqual([
      [PayloadType.output, Buffer.from('one').toString('hex')],
      [PayloadType.flag, '00000001'],
      [PayloadType.output, '0a'],
    ]);
    expect(port.active).toBe(1);
    second.destroy();
  });

  it('who gives up waiting leaves the queue, and the end of the session frees it', async () => {
    const link = linkChannel('3.0.196.0');
    const port = openBasicPort(link.channel);
    await port.connect(signal).then((stream) => stream.on('error', () => {}));
    const gaveUp = new AbortController();
    const impatient = port.connect(gaveUp.signal);
    const patient = port.connect(signal);
    gaveUp.abort(new Error('gone'));
    await expect(impatient).rejects.toThrow('gone');
    link.end({ reason: 'lost', output: '' });
    await expect(patient).rejects.toBeInstanceOf(SessionOver);
  });
});
