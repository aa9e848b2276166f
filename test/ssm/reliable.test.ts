import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { backoffDelay } from '../../src/ssm/backoff.ts';
import { Outbox } from '../../src/ssm/outbox.ts';
import { ReliableReceiver } from '../../src/ssm/reliable-receiver.ts';
import { defaultSenderLimits, ReliableSender } from '../../src/ssm/reliable-sender.ts';
import { RoundTrip } from '../../src/ssm/round-trip.ts';
import { PayloadType } from '../../src/ssm/wire/payload.ts';

const bytesOf = (number: number) => Buffer.from([number & 0xff]);

function sendAll(sender: ReliableSender, now: number, most = Number.POSITIVE_INFINITY): number {
  let count = 0;
  while (sender.hasRoom && count < most) {
    sender.sent(bytesOf(sender.next), now);
    count++;
  }
  return count;
}

describe('what is sent', () => {
  it('starts with 64 messages under way, and grows to 1024 and no further while all is well', () => {
    const sender = new ReliableSender();
    expect(sendAll(sender, 0)).toBe(64);
    expect(sender.hasRoom).toBe(false);
    let acknowledged = 0;
    let rounds = 0;
    while (sender.window < 1_024 && rounds < 100) {
      const end = sender.next;
      rounds++;
      for (; acknowledged < end; acknowledged++) sender.acknowledge(acknowledged, rounds * 50);
      sendAll(sender, rounds * 50);
    }
    expect(rounds).toBeLessThan(40);
    for (let more = 0; more < 20; more++) {
      const end = sender.next;
      for (; acknowledged < end; acknowledged++) sender.acknowledge(acknowledged, (rounds + more) * 50);
      sendAll(sender, (rounds + more) * 50);
      expect(sender.inFlight).toBeLessThanOrEqual(1_024);
    }
  });

  it('does not pile up before an agent that takes one message a millisecond', () => {
    const sender = new ReliableSender();
    let acknowledged = 0;
    for (let now = 0; now < 30_000; now++) {
      sendAll(sender, now);
      sender.acknowledge(acknowledged++, now);
      if (now % 50 === 0) expect(sender.due(now)).toEqual([]);
    }
    expect(sender.window).toBeLessThan(256);
    expect(sender.resent).toBe(0);
  });

  it('repeats the very same bytes, with longer and longer pauses, and not every 100 ms', () => {
    const sender = new ReliableSender();
    const bytes = Buffer.from('same');
    sender.sent(bytes, 0);
    const times: number[] = [];
    for (let now = 0; now <= 6_000; now += 50) {
      for (const again of sender.due(now)) {
        expect(again).toBe(bytes);
        times.push(now);
      }
    }
    // The original: 29 copies in 3 s.
    expect(times).toEqual([200, 600, 1_400, 2_400, 3_400, 4_400, 5_400]);
  });

  it('repeats only the oldest while nothing is heard', () => {
    const sender = new ReliableSender();
    sendAll(sender, 0);
    expect(sender.due(200).length).toBe(64);
    expect(sender.due(600).map((bytes) => bytes[0])).toEqual([0]);
  });

  it('takes no sample from a message that was repeated (Karn)', () => {
    const sender = new ReliableSender();
    sender.sent(bytesOf(0), 0);
    sender.due(250);
    sender.acknowledge(0, 260);
    expect(sender.roundTrip).toBeUndefined();
    sender.sent(bytesOf(1), 300);
    sender.acknowledge(1, 350);
    expect(sender.roundTrip).toBeDefined();
  });

  it('learns a round trip beyond its first timeout', () => {
    const sender = new ReliableSender();
    for (let round = 0; round < 30; round++) {
      const start = round * 1_000;
      sender.sent(bytesOf(round), start);
      for (let now = start; now < start + 450; now += 50) sender.due(now);
      sender.acknowledge(round, start + 450);
    }
    expect(sender.roundTrip).toBeGreaterThan(300);
    const before = sender.resent;
    sender.sent(bytesOf(1), 40_000);
    for (let now = 40_000; now < 40_450; now += 50) sender.due(now);
    expect(sender.resent).toBe(before);
  });

  it('finds a lost message by those that overtook it, long before the timeout', () => {
    const sender = new ReliableSender();
    sendAll(sender, 0, 60);
    for (let number = 1; number <= 32; number++) sender.acknowledge(number, 5);
    expect(sender.knowsLoss).toBe(false);
    sender.acknowledge(33, 5);
    expect(sender.knowsLoss).toBe(true);
    expect(sender.due(6).map((bytes) => bytes[0])).toEqual([0]);
    expect(sender.due(7)).toEqual([]);
  });

  it('halves the window once for one event of loss', () => {
    const sender = new ReliableSender();
    sendAll(sender, 0);
    expect(sender.window).toBe(64);
    sender.due(200);
    sender.due(400);
    sender.due(2_000);
    expect(sender.window).toBe(32);
  });

  it('gives up after 5 minutes, in which the time without agent or socket does not count', () => {
    const sender = new ReliableSender();
    sender.sent(bytesOf(0), 0);
    expect(sender.hasGivenUp(299_999)).toBe(false);
    expect(sender.hasGivenUp(300_000)).toBe(true);
    const patient = new ReliableSender();
    patient.sent(bytesOf(0), 0);
    patient.suspend(1_000);
    expect(patient.due(500_000)).toEqual([]);
    expect(patient.hasGivenUp(500_000)).toBe(false);
    patient.resume(501_000);
    expect(patient.hasGivenUp(799_999)).toBe(false);
    expect(patient.hasGivenUp(800_000)).toBe(true);
  });

  it('resends on a new socket everything that is unacknowledged, oldest first', () => {
    const sender = new ReliableSender();
    sendAll(sender, 0, 10);
    for (const number of [0, 3, 4, 9]) sender.acknowledge(number, 1);
    expect(sender.everything(100).map((bytes) => bytes[0])).toEqual([1, 2, 5, 6, 7, 8]);
  });

  it('takes no acknowledgement twice, of nothing, or of what is not sent', () => {
    const sender = new ReliableSender();
    sender.sent(bytesOf(0), 0);
    expect(sender.acknowledge(1, 1)).toBe(false);
    expect(sender.acknowledge(0, 1)).toBe(true);
    expect(sender.acknowledge(0, 1)).toBe(false);
    expect(sender.acknowledge(Number.MAX_SAFE_INTEGER, 1)).toBe(false);
    expect(sender.inFlight).toBe(0);
  });

  it('a gap that never closes stops it: memory stays bounded', () => {
    const sender = new ReliableSender();
    let sent = 0;
    for (let now = 0; now < 1_000; now++) {
      const from = sender.next;
      sent += sendAll(sender, now);
      for (let number = Math.max(1, from); number < sender.next; number++) sender.acknowledge(number, now);
    }
    expect(sent).toBe(4_096);
  });

  it('never loses count, whatever the network does', () => {
    const step = fc.record({ kind: fc.constantFrom('send', 'ack', 'tick', 'cut'), value: fc.nat(100) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
        const sender = new ReliableSender(defaultSenderLimits);
        const open = new Set<number>();
        let now = 0;
        for (const { kind, value } of steps) {
          now += value;
          if (kind === 'send' && sender.hasRoom) {
            open.add(sender.next);
            sender.sent(bytesOf(sender.next), now);
          } else if (kind === 'ack') {
            const number = [...open][value % Math.max(1, open.size)] ?? 7_777;
            expect(sender.acknowledge(number, now)).toBe(open.delete(number));
          } else if (kind === 'tick') {
            for (const bytes of sender.due(now))
              expect([...open].map((one) => one & 0xff)).toContain(bytes[0]);
          } else if (kind === 'cut') {
            sender.suspend(now);
            now += value;
            sender.resume(now);
            expect(sender.everything(now).length).toBe(open.size);
          }
          expect(sender.inFlight).toBe(open.size);
        }
      }),
    );
  });
});

describe('the timeout', () => {
  it('is the formula between 100 ms and 1 s, doubles, and comes back with the next sample', () => {
    const trip = new RoundTrip();
    expect(trip.timeout).toBe(200);
    trip.backOff();
    trip.backOff();
    trip.backOff();
    expect(trip.timeout).toBe(1_000);
    for (let times = 0; times < 50; times++) trip.sample(1);
    expect(trip.timeout).toBe(100);
    for (let times = 0; times < 50; times++) trip.sample(5_000);
    expect(trip.timeout).toBe(1_000);
  });
});

interface Numbered {
  readonly number: number;
  readonly payload: Uint8Array;
}
const numbered = (number: number): Numbered => ({ number, payload: new Uint8Array(10) });

describe('what is received', () => {
  it('is in order and once, in whatever order and however often it comes', () => {
    const order = fc.integer({ min: 1, max: 80 }).chain((count) => {
      const all = Array.from({ length: count }, (_, number) => number);
      return fc.tuple(
        fc.constant(count),
        fc.array(fc.nat(count - 1), { maxLength: 100 }),
        fc.shuffledSubarray(all, { minLength: count }),
      );
    });
    fc.assert(
      fc.property(order, ([count, noise, all]) => {
        const receiver = new ReliableReceiver<Numbered>();
        const taken: number[] = [];
        for (const number of [...noise, ...all]) {
          if (receiver.receive(number, numbered(number)) !== 'next') continue;
          taken.push(number);
          for (let next = receiver.advance(); next !== undefined; next = receiver.advance())
            taken.push(next.number);
        }
        expect(taken).toEqual(Array.from({ length: count }, (_, number) => number));
        expect(receiver.heldMessages).toBe(0);
      }),
    );
  });

  it('says of old numbers and of doubles that they are to be acknowledged again', () => {
    const receiver = new ReliableReceiver<Numbered>();
    expect(receiver.receive(0, numbered(0))).toBe('next');
    expect(receiver.receive(0, numbered(0))).toBe('next');
    receiver.advance();
    expect(receiver.receive(0, numbered(0))).toBe('old');
    expect(receiver.receive(5, numbered(5))).toBe('early');
    expect(receiver.receive(5, numbered(5))).toBe('old');
  });

  it('keeps no more than it may, and still takes the one that is due', () => {
    const receiver = new ReliableReceiver<Numbered>({ messages: 3, bytes: 25 });
    expect(receiver.receive(1, numbered(1))).toBe('early');
    expect(receiver.receive(2, numbered(2))).toBe('early');
    expect(receiver.receive(3, numbered(3))).toBe('refused');
    expect(receiver.receive(0, numbered(0))).toBe('next');
    expect(receiver.advance()?.number).toBe(1);
    expect(receiver.receive(4, numbered(4))).toBe('early');
  });
});

describe('the line before the window', () => {
  it('gives back the same bytes in full messages, and never mixes kinds', () => {
    const piece = fc.tuple(
      fc.constantFrom(PayloadType.output, PayloadType.flag, PayloadType.size),
      fc.uint8Array({ minLength: 1, maxLength: 60 }),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), fc.integer({ min: 1, max: 40 }), (pieces, limit) => {
        const outbox = new Outbox();
        for (const [payloadType, bytes] of pieces) outbox.add(payloadType, bytes);
        const merge = (all: readonly (readonly [number, Uint8Array])[]) => {
          const merged: { payloadType: number; hex: string }[] = [];
          for (const [payloadType, bytes] of all) {
            const last = merged.at(-1);
            const hex = Buffer.from(bytes).toString('hex');
            if (last?.payloadType === payloadType && payloadType === PayloadType.output) last.hex += hex;
            else merged.push({ payloadType, hex });
          }
          return merged;
        };
        const taken: [number, Uint8Array][] = [];
        for (let next = outbox.take(limit); next !== undefined; next = outbox.take(limit)) {
          if (next.payloadType === PayloadType.output) expect(next.bytes.length).toBeLessThanOrEqual(limit);
          const previous = taken.at(-1);
          if (previous?.[0] === PayloadType.output && next.payloadType === PayloadType.output) {
            expect(previous[1].length).toBe(limit);
          }
          taken.push([next.payloadType, next.bytes]);
        }
        expect(merge(taken)).toEqual(merge(pieces));
        expect(outbox.isEmpty).toBe(true);
      }),
    );
  });

  it('asks to be waited for when it is long, and lets go when it is short', async () => {
    const outbox = new Outbox();
    outbox.add(PayloadType.output, Buffer.alloc(300 * 1024));
    let room = false;
    const waiting = outbox.room()?.then(() => {
      room = true;
    });
    outbox.take(1_024);
    outbox.release();
    await Promise.resolve();
    expect(room).toBe(false);
    while (outbox.take(1_024) !== undefined);
    outbox.release();
    await waiting;
    expect(room).toBe(true);
  });

  it('rejects those who wait when it is closed', async () => {
    const outbox = new Outbox();
    outbox.add(PayloadType.output, Buffer.alloc(300 * 1024));
    const waiting = outbox.room();
    outbox.close(new Error('over'));
    await expect(waiting).rejects.toThrow('over');
  });
});

describe('coming back', () => {
  it('is tried at once, then after 100 ms and doubling up to 5 s, half of it by chance', () => {
    const limits = { first: 100, most: 5_000, within: 300_000 };
    expect(backoffDelay(0, limits, () => 1)).toBe(0);
    expect([1, 2, 3, 7, 50].map((attempt) => backoffDelay(attempt, limits, () => 1))).toEqual([
      100, 200, 400, 5_000, 5_000,
    ]);
    expect(backoffDelay(3, limits, () => 0)).toBe(200);
  });
});
