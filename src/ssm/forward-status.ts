import type { Host } from '../host.ts';
import { durationText } from '../lib/duration-text.ts';
import type { Output } from '../terminal/output.ts';
import type { ForwardCounters } from './port-forward.ts';
import type { SessionHealth } from './port-session.ts';

export interface StatusParts {
  readonly host: Pick<Host, 'now' | 'monotonic' | 'stderr' | 'env'>;
  readonly output: Pick<Output, 'progress' | 'note'>;
}

export interface ShownForwards {
  readonly counters: ForwardCounters;
  readonly health: readonly SessionHealth[];
}

export interface StatusOptions {
  /** The longest that it may last from now on, milliseconds. */
  readonly maximumMs: number | undefined;
  /** How often it is looked at. */
  readonly everyMs?: number;
}

/**
 * A line that says how many connections there are, how fast they are and what stands against them, while it is not
 * disposed. Where there is no such line, what stands against them is said once, and that it is over.
 */
export function showStatus(
  { host, output }: StatusParts,
  forwards: ShownForwards,
  { maximumMs, everyMs = 1_000 }: StatusOptions,
): Disposable {
  const { counters } = forwards;
  const end = maximumMs === undefined ? undefined : host.now() + maximumMs;
  const text = (up: number, down: number, trouble: string | undefined) => {
    const left = end === undefined ? '' : `, ${durationText(end - host.now())} left`;
    return `${trouble === undefined ? '' : `${trouble}; `}${statusText(counters, up, down)}${left}`;
  };
  const progress = output.progress(text(0, 0, undefined));
  let last = { at: host.monotonic(), up: 0, down: 0 };
  let looks = 0;
  const shown = host.stderr.isTTY === true && host.env.TERM !== 'dumb';
  const timer = setInterval(() => {
    const now = { at: host.monotonic(), up: counters.up, down: counters.down };
    const seconds = Math.max(0.001, (now.at - last.at) / 1000);
    const trouble = troubleText(forwards.health);
    progress.update(text((now.up - last.up) / seconds, (now.down - last.down) / seconds, trouble));
    last = now;
    if (!shown) sayTrouble(trouble);
  }, everyMs);

  /** What is over by the second look is not worth a word. */
  function sayTrouble(trouble: string | undefined): void {
    if (trouble === undefined) {
      if (looks > 1) output.note('Connected again.');
      looks = 0;
    } else if (++looks === 2) output.note(`${trouble[0]?.toUpperCase()}${trouble.slice(1)}.`);
  }

  return {
    [Symbol.dispose]: () => {
      clearInterval(timer);
      progress[Symbol.dispose]();
    },
  };
}

/** Bytes a second in. */
export function statusText({ open, total }: ForwardCounters, up: number, down: number): string {
  const connections = open === 1 ? '1 connection' : `${open} connections`;
  return `${connections} (${total} so far), ↑ ${rateText(up)} ↓ ${rateText(down)}`;
}

/** Why nothing may move at the moment; undefined: no reason. Pure. */
export function troubleText(health: readonly SessionHealth[]): string | undefined {
  const lost = health.filter(({ state }) => state === 'suspended').length;
  const silent = health.filter(({ state }) => state === 'paused').map(({ silence }) => silence);
  const some = (count: number) => (count === health.length ? '' : `${count} of ${health.length} sessions: `);
  if (lost > 0) return `${some(lost)}connection lost, reconnecting`;
  if (silent.length === 0) return undefined;
  return `${some(silent.length)}the agent has not answered for ${durationText(Math.max(...silent))}`;
}

/** `12 kB/s`, `3.4 MB/s`. */
function rateText(bytes: number): string {
  if (bytes >= 1e6) return `${(bytes / 1e6).toFixed(1)} MB/s`;
  return bytes >= 1e3 ? `${Math.round(bytes / 1e3)} kB/s` : `${Math.round(bytes)} B/s`;
}
