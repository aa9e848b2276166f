import { expect, it } from 'vitest';
import { bundleScript } from '../../support/bundle-script.ts';
import { startPlainPostgres } from '../../support/plain-postgres.ts';
import { createTestHost } from '../../support/test-host.ts';
import { recordConversations } from './record-conversation.ts';
import { runFuzz } from './run-fuzz.ts';

it('no mutated message of either side crashes or hangs the proxy, or fills its memory', async () => {
  await using postgres = await startPlainPostgres();
  const conversations = await recordConversations(postgres.folder);
  const host = createTestHost();
  const script = await bundleScript(
    new URL('./fuzz-worker.ts', import.meta.url).pathname,
    host.directories.temporary,
  );
  const seed = 1 + Math.floor(Math.random() * 0x7fff_fffe);
  const result = await runFuzz(script, { conversations, messages: 200_000, seed });
  host.dispose();
  expect(result, `seed ${seed}`).toMatchObject({ fed: expect.any(Number) });
  expect(result.violations, `seed ${seed}`).toBeGreaterThan(50);
  expect(result.refused, `seed ${seed}`).toBeGreaterThan(50);
  expect(result.worstHeap, `seed ${seed}`).toBeLessThan(100e6);
}, 60_000);
