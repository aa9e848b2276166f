/** A span for people: `42 s`, `5 min`, `1 h 12 min`, `3 d 4 h`. Milliseconds in. */
export function durationText(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
  const days = Math.floor(hours / 24);
  return hours % 24 === 0 ? `${days} d` : `${days} d ${hours % 24} h`;
}

/** When something ends, for people: `until 14:32 (58 min)`, or `ended 3 min ago`. Epoch milliseconds in. */
export function untilText(end: number, now: number): string {
  if (end <= now) return `ended ${durationText(now - end)} ago`;
  const date = new Date(end);
  const clock = `${String(date.getHours()).padStart(2, '0')}:${String(date.getMinutes()).padStart(2, '0')}`;
  const day = end - now > 20 * 3_600_000 ? `${date.toISOString().slice(0, 10)} ` : '';
  return `until ${day}${clock} (${durationText(end - now)})`;
}
