import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { builtForge } from '../../support/built-forge.ts';
import { slowness } from '../../support/slowness.ts';
import { download, upload } from './forward-client.ts';
import { type ForwardStage, startForwardStage } from './forward-stage.ts';
import { digestOfNumbered } from './numbered-bytes.ts';

/** The same at full size, with figures: bench/ssm.ts. */
const mostMemory = 150;

let stage: ForwardStage;
beforeAll(async () => {
  stage = await startForwardStage(await builtForge());
}, 60_000);
afterAll(() => stage[Symbol.asyncDispose]());

describe('what a forward bears', () => {
  it.each([
    ['up', upload],
    ['down', download],
  ])(
    '20 lost sockets cost no byte of 8 MB %s',
    async (_, transfer) => {
      stage.order({ cutAfterBytes: 400_000, cuts: 20 });
      const before = stage.resumptions();
      await using running = await stage.forward();
      const { digest } = await transfer(running.port, 8_000_000);
      expect(digest).toBe(digestOfNumbered(8_000_000));
      expect(stage.resumptions() - before).toBeGreaterThanOrEqual(20);
    },
    60_000,
  );

  it('a push against an agent that takes one message a millisecond does not stall, lose a byte, or grow', async () => {
    stage.order({ agentTakesMs: 1 });
    await using running = await stage.forward();
    stage.server.longestSilence = 0;
    const { digest, seconds } = await upload(running.port, 3_000_000);
    expect(digest).toBe(digestOfNumbered(3_000_000));
    // 2 930 messages; on a busy machine a timer takes its time.
    const factor = await slowness();
    expect(seconds).toBeLessThan(12 * factor);
    expect(stage.server.longestSilence).toBeLessThan(1_500 * factor);
    expect(running.peakMemory() ?? 0).toBeLessThan(mostMemory);
  }, 60_000);
});
