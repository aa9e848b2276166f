import type { Host } from '../../host.ts';
import { durationText } from '../../lib/duration-text.ts';
import { escapeLine } from '../../lib/escape-for-terminal.ts';
import type { Output } from '../../terminal/output.ts';
import { sizeText } from './size-text.ts';

export interface CopyProgress {
  /** `there`: bytes that an earlier copy has brought. */
  start(total: number | undefined, there: number): void;
  add(bytes: number): void;
}

/** A terminal is not redrawn more often, milliseconds. */
const everyMs = 100;
const barWidth = 20;

/** A bar on the terminal for one file; nothing where there is none. */
export function showProgress(
  { host, output }: { readonly host: Pick<Host, 'monotonic'>; readonly output: Pick<Output, 'progress'> },
  name: string,
): CopyProgress & Disposable {
  const label = escapeLine(name);
  const line = output.progress(label);
  let total: number | undefined;
  let there = 0;
  let moved = 0;
  let began = host.monotonic();
  let shown = 0;
  return {
    start(size, resumed) {
      total = size;
      there = resumed;
      moved = 0;
      began = host.monotonic();
      line.update(progressText(label, { total, there, moved, seconds: 0 }));
    },
    add(bytes) {
      moved += bytes;
      const now = host.monotonic();
      if (now - shown < everyMs) return;
      shown = now;
      line.update(progressText(label, { total, there, moved, seconds: (now - began) / 1000 }));
    },
    [Symbol.dispose]: () => line[Symbol.dispose](),
  };
}

export interface Moved {
  readonly total: number | undefined;
  readonly there: number;
  readonly moved: number;
  readonly seconds: number;
}

/** `app.log [########            ] 40 %  8.0 of 20 MB, 1.2 MB/s, 10s left`. Pure. */
export function progressText(label: string, { total, there, moved, seconds }: Moved): string {
  const rate = seconds > 0.5 ? moved / seconds : 0;
  const speed = rate > 0 ? `, ${sizeText(rate)}/s` : '';
  const have = there + moved;
  if (total === undefined) return `${label} ${sizeText(have)}${speed}`;
  const part = total === 0 ? 1 : Math.min(1, have / total);
  const full = Math.round(part * barWidth);
  const bar = `[${'#'.repeat(full)}${' '.repeat(barWidth - full)}]`;
  const left = rate > 0 && have < total ? `, ${durationText(((total - have) / rate) * 1000)} left` : '';
  return `${label} ${bar} ${Math.floor(part * 100)} % of ${sizeText(total)}${speed}${left}`;
}
