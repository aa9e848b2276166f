import type { ProxyUse } from '../../db/proxy/start-proxy.ts';
import type { Host } from '../../host.ts';

export interface IdleWatch extends Disposable {
  /** Resolves when it has come to that. */
  readonly idle: Promise<void>;
}

const lookEveryMs = 250;

/**
 * Until no connection was there for so long, on any of them. By the clock, since timers stand still while a laptop sleeps; a wall
 * clock that is set back prolongs nothing.
 */
export function untilIdle(
  host: Pick<Host, 'now' | 'monotonic'>,
  proxies: readonly { readonly use: ProxyUse }[],
  idleMs: number,
): IdleWatch {
  const everOf = () => proxies.reduce((sum, { use }) => sum + use.ever, 0);
  const clocks = () => ({ wall: host.now(), monotonic: host.monotonic() });
  let ever = everOf();
  let last = clocks();
  let done = () => {};
  const look = () => {
    const [before, now] = [ever, clocks()];
    ever = everOf();
    // One that came and went since the last look counts, too.
    if (ever !== before || proxies.some(({ use }) => use.open > 0)) last = now;
    else if (Math.max(now.wall - last.wall, now.monotonic - last.monotonic) >= idleMs) done();
  };
  const timer = setInterval(look, lookEveryMs);
  return {
    idle: new Promise((resolve) => {
      done = resolve;
    }),
    [Symbol.dispose]: () => clearInterval(timer),
  };
}
