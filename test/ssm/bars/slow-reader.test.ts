import { expect, it } from 'vitest';
import { builtForge } from '../../support/built-forge.ts';
import { readSlowly } from './forward-client.ts';
import { startForwardStage } from './forward-stage.ts';
import { digestOfNumbered } from './numbered-bytes.ts';

it('200 MB offered and read at 1 MB/s for 10 s: the server is held up, and not in memory', async () => {
  await using stage = await startForwardStage(await builtForge());
  await using running = await stage.forward();
  const { read, digest } = await readSlowly(running.port, 200_000_000, 10);
  expect(read).toBeGreaterThan(9_000_000);
  expect(digest).toBe(digestOfNumbered(read));
  // What forge, the agent and the kernels between them keep, far less than what is offered.
  expect(stage.server.sent - read).toBeLessThan(40_000_000);
  expect(running.peakMemory() ?? 0).toBeLessThan(150);
}, 60_000);
