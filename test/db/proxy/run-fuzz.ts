import { Worker } from 'node:worker_threads';
import type { Conversation } from './record-conversation.ts';

/** Runs the fuzzer in a thread of its own, where an endless loop can be seen from outside. `{hang}` when it stands still. */
export async function runFuzz(
  script: string,
  order: {
    readonly conversations: readonly Conversation[];
    readonly messages: number;
    readonly seed: number;
  },
): Promise<Record<string, unknown>> {
  const beat = new SharedArrayBuffer(4);
  const counter = new Int32Array(beat);
  const worker = new Worker(script, { workerData: { ...order, beat } });
  let last = -1;
  let watchdog: NodeJS.Timeout | undefined;
  try {
    return await new Promise((resolve, reject) => {
      watchdog = setInterval(() => {
        const now = Atomics.load(counter, 0);
        if (now === last) resolve({ hang: now });
        last = now;
      }, 10_000);
      worker.on('message', resolve);
      worker.on('error', reject);
    });
  } finally {
    clearInterval(watchdog);
    await worker.terminate();
  }
}
