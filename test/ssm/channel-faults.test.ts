import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { PayloadType } from '../../src/ssm/wire/payload.ts';
import { portActions } from '../support/scripted-agent.ts';
import { seededRandom } from '../support/seeded-random.ts';
import { open, startAgent } from './open-channel.ts';

async function until(done: () => boolean, within: number): Promise<void> {
  const end = performance.now() + within;
  while (!done()) {
    if (performance.now() > end) throw new Error('it did not happen in time');
    await sleep(5);
  }
}

/** Messages that can be told apart, and are of every length. */
function* messages(count: number, seed: number): Generator<Buffer> {
  const random = seededRandom(seed);
  for (let number = 0; number < count; number++) {
    const bytes = Buffer.alloc(4 + Math.floor(random() * 300), number & 0xff);
    bytes.writeUInt32BE(number);
    yield bytes;
  }
}

describe('a bad network', () => {
  it('loses nothing: 10 000 messages each way, 5 % lost, doubled and reordered, 20 cuts', async () => {
    const count = 10_000;
    const random = seededRandom(42);
    const [up, down] = [createHash('sha256'), createHash('sha256')];
    const [upWanted, downWanted] = [createHash('sha256'), createHash('sha256')];
    let upBytes = 0;
    let downBytes = 0;
    let upTotal = 0;
    let downTotal = 0;
    let cuts = 0;
    const agent = await startAgent({
      actions: portActions,
      onData: (_type, payload) => {
        up.update(payload);
        upBytes += payload.length;
      },
      faults: { random, loss: 0.05, duplicate: 0.05, reorder: 0.05 },
    });
    const channel = await open(agent);
    channel.onData((_type, payload) => {
      down.update(payload);
      downBytes += payload.length;
    });
    for (const bytes of messages(count, 1)) {
      downWanted.update(bytes);
      downTotal += bytes.length;
      agent.send(PayloadType.output, bytes);
    }
    const sending = (async () => {
      let number = 0;
      for (const bytes of messages(count, 2)) {
        upWanted.update(bytes);
        upTotal += bytes.length;
        // stdErr is never merged: each is a message of its own.
        await channel.send(PayloadType.stdErr, bytes);
        if (++number % (count / 20) === 0) {
          agent.cut();
          cuts++;
          await until(() => agent.openings.length === cuts + 1, 10_000);
        }
      }
    })();
    await sending;
    await until(() => upBytes === upTotal && downBytes === downTotal, 60_000);
    expect(up.digest('hex')).toBe(upWanted.digest('hex'));
    expect(down.digest('hex')).toBe(downWanted.digest('hex'));
    expect(cuts).toBe(20);
    const stats = channel.stats();
    expect(stats.sentMessages).toBe(count + 1);
    expect(stats.reconnects).toBe(20);
    expect(new Set(agent.openings.map((one) => one.clientId)).size).toBe(1);
    expect(new Set(agent.openings.map((one) => one.token)).size).toBe(agent.openings.length);
  }, 90_000);
});
