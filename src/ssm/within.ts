import { setTimeout as sleep } from 'node:timers/promises';

/** What `work` gives, or undefined when that takes longer than `milliseconds`; what comes of it then is nobody's. */
export async function within<Value>(milliseconds: number, work: Promise<Value>): Promise<Value | undefined> {
  const stop = new AbortController();
  work.catch(() => {});
  const late = sleep(milliseconds, undefined, { signal: stop.signal }).catch(() => undefined);
  try {
    return await Promise.race([work, late]);
  } finally {
    stop.abort();
  }
}
