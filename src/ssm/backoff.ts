/** Milliseconds. */
export interface BackoffLimits {
  readonly first: number;
  readonly most: number;
  /** From the loss of the connection until it is given up. */
  readonly within: number;
}

export const defaultBackoff: BackoffLimits = { first: 100, most: 5_000, within: 5 * 60_000 };

/**
 * How long to wait before attempt `attempt` (from 0): doubling up to the most, half of it by chance, so that many
 * clients that lost one service don't come back as one. The very first is made at once.
 */
export function backoffDelay(attempt: number, limits: BackoffLimits, random: () => number): number {
  if (attempt === 0) return 0;
  const delay = Math.min(limits.most, limits.first * 2 ** Math.min(attempt - 1, 20));
  return delay / 2 + random() * (delay / 2);
}
