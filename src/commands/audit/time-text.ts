/** A record's time for people, in UTC as the record has it: `2026-11-21 16:25:04Z`. What is no time stays as it is. */
export function timeText(at: string): string {
  const time = Date.parse(at);
  if (Number.isNaN(time)) return at;
  return `${new Date(time).toISOString().slice(0, 19).replace('T', ' ')}Z`;
}
