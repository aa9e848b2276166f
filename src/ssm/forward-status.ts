import type { Host } from '../host.ts';
import { durationText } from '../lib/duration-text.ts';
import type { Output } from '../terminal/output.ts';
import type { ForwardCounters } from './port-forward.ts';

const everyMs = 1_000;

/** A line that says how many connections there are and how fast they are, while it is not disposed. */
export function showStatus(
  {
    host,
    output,
  }: { readonly host: Pick<Host, 'now' | 'monotonic'>; readonly output: Pick<Output, 'progress'> },
  counters: ForwardCounters,
  /** The longest that it may last from now on, milliseconds. */
  maximumMs: number | undefined,
): Disposable {
  const end = maximumMs === undefined ? undefined : host.now() + maximumMs;
  const text = (up: number, down: number) => {
    const left = end === undefined ? '' : `, ${durationText(end - host.now())} left`;
    return statusText(counters, up, down) + left;
  };
  const progress = output.progress(text(0, 0));
  let last = { at: host.monotonic(), up: 0, down: 0 };
  const timer = setInterval(() => {
    const now = { at: host.monotonic(), up: counters.up, down: counters.down };
    const seconds = Math.max(0.001, (now.at - last.at) / 1000);
    progress.update(text((now.up - last.up) / seconds, (now.down - last.down) / seconds));
    last = now;
  }, everyMs);
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

/** `12 kB/s`, `3.4 MB/s`. */
function rateText(bytes: number): string {
  if (bytes >= 1e6) return `${(bytes / 1e6).toFixed(1)} MB/s`;
  return bytes >= 1e3 ? `${Math.round(bytes / 1e3)} kB/s` : `${Math.round(bytes)} B/s`;
}
