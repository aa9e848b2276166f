import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { TokenBucket } from '../../src/identity/token-bucket.ts';
import { slowness } from '../support/slowness.ts';

const real = () => ({ monotonic: () => performance.now(), signal: new AbortController().signal });

describe('the token bucket', () => {
  it('gives a burst at once, then a steady pace, in order', async () => {
    const bucket = new TokenBucket(real(), { perSecond: 100, burst: 5 });
    const started = performance.now();
    const order: number[] = [];
    const times = await Promise.all(
      Array.from({ length: 25 }, async (_, index) => {
        await bucket.take();
        order.push(index);
        return performance.now() - started;
      }),
    );
    expect(order).toEqual([...order].sort((a, b) => a - b));
    // The sixth waits; on a busy machine the first five are only before it.
    expect((times[24] ?? 0) - (times[4] ?? 0)).toBeGreaterThan(150);
    expect(times[24]).toBeGreaterThan(185);
    expect(times[24]).toBeLessThan(600 * (await slowness()));
  });

  it('saves up no more than a burst', async () => {
    let now = 0;
    const host = { monotonic: () => now, signal: new AbortController().signal };
    const bucket = new TokenBucket(host, { perSecond: 20, burst: 10 });
    const atOnce = async () => {
      let taken = 0;
      for (;;) {
        const turn = await Promise.race([bucket.take().then(() => true), sleep(15).then(() => false)]);
        if (!turn) return taken;
        taken++;
      }
    };
    expect(await atOnce()).toBe(10);
    now += 200;
    // One turn is already promised to the one that still waits above.
    expect(await atOnce()).toBe(3);
    now += 3_600_000;
    expect(await atOnce()).toBe(10);
  });

  it('rests when it is told to, and ends when the command is interrupted', async () => {
    const controller = new AbortController();
    const host = { monotonic: () => performance.now(), signal: controller.signal };
    const bucket = new TokenBucket(host, { perSecond: 1_000, burst: 3 });
    bucket.rest(80);
    const started = performance.now();
    await bucket.take();
    expect(performance.now() - started).toBeGreaterThan(70);
    bucket.rest(60_000);
    const waiting = bucket.take();
    controller.abort('SIGINT');
    await expect(waiting).rejects.toBe('SIGINT');
    await expect(bucket.take()).rejects.toBe('SIGINT');
  });
});
