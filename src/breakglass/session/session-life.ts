import type { Host } from '../../host.ts';
import { limitSession } from '../../terminal/session-limit.ts';
import { type ActiveGrant, type Ending, sessionOver } from './active-grant.ts';

/** When a session is over, for all that hangs on it. It ends once; whoever listens hears it in the same turn. */
export interface SessionLife extends Disposable {
  /** Milliseconds. */
  left(): number;
  /** By the wall clock, epoch milliseconds: the grant's own end, or the one to which it was prolonged. */
  endsAt(): number;
  /** A later end, epoch milliseconds. An earlier one, or after the end, does nothing: what is over stays over. */
  prolong(endsAt: number): boolean;
  /** Throws sessionOver where it has ended, also when no timer has seen that yet: after sleep a request can come first. */
  throwIfOver(): void;
  end(ending: Ending): void;
  /** Called at the end; at once when that has been. */
  onEnd(listener: (ending: Ending) => void): void;
  readonly ended: Promise<Ending>;
}

/** How late an end may be seen: within a second of it, all processes are to be gone as well. */
export const lookEveryMs = 100;

/** `warn` is called with what is left, milliseconds, 10 minutes and 1 minute before. */
export function startLife(
  host: Pick<Host, 'now' | 'monotonic'>,
  grant: ActiveGrant,
  warn: (leftMs: number) => void,
): SessionLife {
  let over: Ending | undefined;
  let { endsAt } = grant;
  const listeners: ((ending: Ending) => void)[] = [];
  const end = (ending: Ending) => {
    if (over !== undefined) return;
    over = ending;
    limit[Symbol.dispose]();
    for (const listener of listeners.splice(0)) listener(ending);
  };
  const limit = limitSession({
    host,
    maximumMs: grant.endsAt - host.now(),
    warn,
    end: () => end({ why: 'expired' }),
    everyMs: lookEveryMs,
  });
  const onEnd = (listener: (ending: Ending) => void) => {
    if (over === undefined) listeners.push(listener);
    else listener(over);
  };
  return {
    left: () => limit.left(),
    endsAt: () => endsAt,
    prolong(later) {
      if (over === undefined && limit.left() <= 0) end({ why: 'expired' });
      if (over !== undefined || later <= endsAt) return false;
      limit.prolong(later - endsAt);
      endsAt = later;
      return true;
    },
    throwIfOver() {
      if (over === undefined && limit.left() <= 0) end({ why: 'expired' });
      if (over !== undefined) throw sessionOver(grant, over);
    },
    end,
    onEnd,
    ended: new Promise((resolve) => onEnd(resolve)),
    [Symbol.dispose]: () => limit[Symbol.dispose](),
  };
}
