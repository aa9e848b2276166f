/** About a tenth of a second to half a second of the parser's time. */
const most = 50_000_000;

/**
 * True for texts on which the parser takes seconds, or minutes: its lexer looks at all of the rest of the text for
 * each comment in slashes, and at an operator once for each of its characters. Measured: 50 000 comments in 200 KB
 * 50 s, an operator of 50 000 characters 5 s. Everything else that was tried takes time in proportion.
 */
export function isCostly(sql: string): boolean {
  let cost = 0;
  // A line of dashes is a comment, which costs nothing.
  for (const [run] of sql.matchAll(/[-+*/<>=~!@#%^&|`?]{64,}/g))
    if (!run.startsWith('--')) cost += run.length ** 2;
  for (let at = sql.indexOf('/*'); at >= 0 && cost <= most; at = sql.indexOf('/*', at + 1))
    cost += sql.length;
  return cost > most;
}
