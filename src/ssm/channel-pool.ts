import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { ForgeError } from '../errors.ts';
import type { ChannelEnd } from './data-channel.ts';
import type { PortSession, SessionHealth } from './port-session.ts';

export interface PoolOptions {
  /** Sessions to one destination. The agent's own pace is for each of them. */
  readonly size: number;
  readonly open: () => Promise<PortSession>;
  /** Milliseconds, monotonic. */
  readonly now: () => number;
  /** A session has ended that nobody here ended; the next connection starts another. */
  readonly onEnd: (end: ChannelEnd) => void;
}

export interface ChannelPool extends AsyncDisposable {
  /** Connections that are open now. */
  readonly active: number;
  /** Sessions that are open now. */
  readonly sessions: number;
  /** Of each session that is open now. */
  readonly health: readonly SessionHealth[];
  /** Opens all sessions. Rejects with the first failure; what was opened is closed by disposing. */
  fill(): Promise<void>;
  /** On the session with the fewest connections; starts one where there is none. */
  connect(signal: AbortSignal): Promise<Duplex>;
}

interface Slot {
  session: PortSession | undefined;
  opening: Promise<PortSession> | undefined;
  /** Connections that wait for it to open. */
  waiting: number;
}

/** A network that is away for a moment is waited for; a person who waits longer wants to know. */
const patienceMs = 30_000;

/** Sessions to one destination, started anew when they are lost, with connections spread over them. */
export function createPool({ size, open, now, onEnd }: PoolOptions): ChannelPool {
  const slots: Slot[] = Array.from({ length: size }, () => ({
    session: undefined,
    opening: undefined,
    waiting: 0,
  }));
  const closing = new AbortController();

  /** One start for all who wait for it. */
  function ensure(slot: Slot): Promise<PortSession> {
    if (slot.session !== undefined) return Promise.resolve(slot.session);
    slot.opening ??= start(slot).finally(() => {
      slot.opening = undefined;
    });
    return slot.opening;
  }

  async function start(slot: Slot): Promise<PortSession> {
    const session = await open();
    if (closing.signal.aborted) {
      await session[Symbol.asyncDispose]();
      throw closing.signal.reason;
    }
    slot.session = session;
    void session.closed.then((end) => {
      if (slot.session === session) slot.session = undefined;
      if (!closing.signal.aborted) onEnd(end);
    });
    return session;
  }

  async function patiently(slot: Slot, signal: AbortSignal): Promise<PortSession> {
    const limit = now() + patienceMs;
    for (let pause = 250; ; pause = Math.min(pause * 2, 5_000)) {
      try {
        return await ensure(slot);
      } catch (error) {
        const passing = error instanceof ForgeError && error.kind === 'unreachable';
        if (!passing || now() + pause > limit) throw error;
      }
      await sleep(pause, undefined, { signal: AbortSignal.any([signal, closing.signal]) });
    }
  }

  const load = (slot: Slot) => (slot.session?.active ?? 0) + slot.waiting;
  const leastLoaded = (among: readonly Slot[]) =>
    among.reduce((least, slot) => (load(slot) < load(least) ? slot : least));

  async function connect(signal: AbortSignal): Promise<Duplex> {
    signal.throwIfAborted();
    closing.signal.throwIfAborted();
    const ready = slots.filter((slot) => slot.session !== undefined);
    if (ready.length > 0 && ready.length < slots.length) {
      // Nobody waits for the others; a failure comes again when somebody does.
      for (const slot of slots) if (slot.session === undefined) void ensure(slot).catch(() => {});
    }
    const slot = leastLoaded(ready.length > 0 ? ready : slots);
    slot.waiting++;
    try {
      const session = await untilAborted(patiently(slot, signal), signal);
      const stream = await session.connect(signal);
      if (signal.aborted) stream.destroy();
      signal.throwIfAborted();
      return stream;
    } finally {
      slot.waiting--;
    }
  }

  return {
    get active() {
      return slots.reduce((sum, { session }) => sum + (session?.active ?? 0), 0);
    },
    get sessions() {
      return slots.filter(({ session }) => session !== undefined).length;
    },
    get health() {
      return slots.flatMap(({ session }) => (session === undefined ? [] : [session.health]));
    },
    async fill() {
      await Promise.all(slots.map(ensure));
    },
    connect,
    async [Symbol.asyncDispose]() {
      closing.abort(new ForgeError('failed', 'The tunnel is closed.', { code: 'TUNNEL_CLOSED' }));
      await Promise.all(
        slots.map(async ({ session, opening }) => {
          await session?.[Symbol.asyncDispose]();
          await opening?.catch(() => {});
        }),
      );
    },
  };
}

/** The work goes on for the others who wait for it. */
function untilAborted<Value>(work: Promise<Value>, signal: AbortSignal): Promise<Value> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
