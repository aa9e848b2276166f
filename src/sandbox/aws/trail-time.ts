/** As CloudTrail writes times inside responseElements: `Nov 20, 2026, 1:00:00 PM`, of UTC without saying so. */
export function trailTime(epochMilliseconds: number): string {
  const format = { dateStyle: 'medium', timeStyle: 'medium', timeZone: 'UTC' } as const;
  // ICU puts a narrow no-break space before PM.
  return new Intl.DateTimeFormat('en-US', format).format(epochMilliseconds).replaceAll('\u202f', ' ');
}
