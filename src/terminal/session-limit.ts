import type { Host } from '../host.ts';

export interface SessionLimit {
  readonly host: Pick<Host, 'now' | 'monotonic'>;
  /** The longest that the session may last from now on, milliseconds. */
  readonly maximumMs: number;
  /** Called once for each warning, with what is left, milliseconds. */
  readonly warn: (leftMs: number) => void;
  readonly end: () => void;
  /** How often the clock is looked at. */
  readonly everyMs?: number;
}

const warnings = [10 * 60_000, 60_000];

export interface RunningLimit extends Disposable {
  /** Milliseconds until the end, looked at now; 0 or less: it is over, told or not. */
  left(): number;
  /** Moves the end, whatever the clocks have done meanwhile; warnings that were given are given again. */
  prolong(byMs: number): void;
}

/**
 * Ends a session by the clock. Timers stand still while a laptop sleeps, so the clock is looked at each second; it
 * is the wall clock, and a wall clock that is set back prolongs nothing. Disposing stops it.
 */
export function limitSession(limit: SessionLimit): RunningLimit {
  const { host } = limit;
  let { maximumMs } = limit;
  const started = { wall: host.now(), monotonic: host.monotonic() };
  let pending = warnings.filter((before) => before < maximumMs);
  const leftNow = () => maximumMs - Math.max(host.now() - started.wall, host.monotonic() - started.monotonic);
  const look = () => {
    const left = leftNow();
    if (left <= 0) {
      clearInterval(timer);
      return limit.end();
    }
    const due = pending.filter((before) => left <= before);
    // Awake again, both may be due: one says it.
    if (due.length === 0) return;
    pending = pending.filter((before) => left > before);
    limit.warn(left);
  };
  const timer = setInterval(look, limit.everyMs ?? 1_000);
  return {
    left: leftNow,
    prolong(byMs) {
      maximumMs += byMs;
      pending = warnings.filter((before) => before < leftNow());
    },
    [Symbol.dispose]: () => clearInterval(timer),
  };
}
