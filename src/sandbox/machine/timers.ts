/**
 * Waits on a clock that may be turned. `busy` counts what is going on between waits, so that who turns the clock can let
 * each wait that falls due have its consequences before the next one does, as time itself would.
 */
export interface Timers {
  /** Settles when the clock reaches `time` (epoch milliseconds); at once when it has. Rejects never; forgotten when `signal` aborts. */
  until(time: number, signal?: AbortSignal): Promise<void>;
  /** Counts as going on until it settles. */
  during<Result>(work: () => Promise<Result>): Promise<Result>;
  /** Settles when nothing is going on but waits. */
  idle(): Promise<void>;
  /** Time of the next wait. */
  next(): number | undefined;
  /** Ends the waits that are due at `now`. */
  fire(now: number): void;
  /** Told whenever the next wait changed. */
  onChange(listener: () => void): void;
}

interface Wait {
  readonly time: number;
  readonly resolve: () => void;
}

export function createTimers(now: () => number): Timers {
  let waits: Wait[] = [];
  let busy = 0;
  let idlers: (() => void)[] = [];
  let changed = () => {};
  const settle = () => {
    if (busy > 0) return;
    const waiting = idlers;
    idlers = [];
    for (const resolve of waiting) resolve();
  };
  const begin = () => {
    busy++;
  };
  const end = () => {
    busy--;
    settle();
  };
  return {
    async until(time, signal) {
      if (time <= now() || signal?.aborted) return;
      const waited = new Promise<void>((resolve) => {
        // Going on again from this moment, not from when the waiter gets to know.
        const go = () => {
          signal?.removeEventListener('abort', forget);
          begin();
          resolve();
        };
        const entry: Wait = { time, resolve: go };
        const forget = () => {
          waits = waits.filter((other) => other !== entry);
          go();
          changed();
        };
        signal?.addEventListener('abort', forget, { once: true });
        waits = [...waits, entry].sort((a, b) => a.time - b.time);
      });
      changed();
      end();
      await waited;
    },
    async during(work) {
      begin();
      try {
        return await work();
      } finally {
        end();
      }
    },
    idle: () =>
      new Promise((resolve) => {
        idlers.push(resolve);
        settle();
      }),
    next: () => waits[0]?.time,
    fire(at) {
      const due = waits.filter(({ time }) => time <= at);
      waits = waits.filter(({ time }) => time > at);
      for (const { resolve } of due) resolve();
    },
    onChange(listener) {
      changed = listener;
    },
  };
}
