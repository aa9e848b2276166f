/** AWS's kind of throttle: so many at once, then so many a second. */
export interface TokenBucket {
  /** False: too many. */
  take(): boolean;
}

export function createTokenBucket(options: {
  capacity: number;
  perSecond: number;
  now: () => number;
}): TokenBucket {
  const { capacity, perSecond, now } = options;
  let tokens = capacity;
  let filledAt = now();
  return {
    take() {
      const elapsed = Math.max(0, now() - filledAt);
      filledAt = now();
      tokens = Math.min(capacity, tokens + (elapsed * perSecond) / 1000);
      if (tokens < 1) return false;
      tokens--;
      return true;
    },
  };
}
