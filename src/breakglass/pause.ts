import { setTimeout as sleep } from 'node:timers/promises';
import type { Host } from '../host.ts';

/** Waits, unless the person presses Ctrl-C: then throws what they pressed. */
export async function pause(host: Pick<Host, 'signal'>, milliseconds: number): Promise<void> {
  try {
    await sleep(milliseconds, undefined, { signal: host.signal });
  } catch (error) {
    host.signal.throwIfAborted();
    throw error;
  }
}
