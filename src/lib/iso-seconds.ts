/** `2026-11-21T12:00:00Z`, as AWS and its tools write times: some readers don't take fractions of a second. */
export function isoSeconds(epochMilliseconds: number): string {
  return `${new Date(epochMilliseconds).toISOString().slice(0, 19)}Z`;
}
