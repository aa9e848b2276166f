import type { Duplex } from 'node:stream';
import { placeText } from '../config/forward-spec.ts';
import { ForgeError } from '../errors.ts';
import type { SessionHealth } from './port-session.ts';
import type { Tunnel } from './tunnel.ts';

export interface TunnelsByHost extends AsyncDisposable {
  readonly health: readonly SessionHealth[];
  connect(host: string, port: number, signal: AbortSignal): Promise<Duplex>;
}

interface Entry {
  readonly tunnel: Promise<Tunnel>;
  /** Once it is open. */
  opened: Tunnel | undefined;
  waiting: number;
  idleLooks: number;
}

/** A session leads to one host and port, and a browser goes to many: those not used any more are ended. */
const lookMs = 15_000;
const idleLooksAllowed = 4;
/** AWS allows some sessions a person; a program that goes through all hosts of a network must not take them all. */
const mostTunnels = 32;

/** Tunnels made as they are asked for, one for each host and port. */
export function createTunnelsByHost(open: (host: string, port: number) => Promise<Tunnel>): TunnelsByHost {
  const entries = new Map<string, Entry>();
  let over = false;
  const timer = setInterval(() => {
    for (const [key, entry] of entries) void look(key, entry);
  }, lookMs);

  async function look(key: string, entry: Entry): Promise<void> {
    const tunnel = await entry.tunnel.catch(() => undefined);
    if (tunnel === undefined || entries.get(key) !== entry) return;
    entry.idleLooks = tunnel.active + entry.waiting > 0 ? 0 : entry.idleLooks + 1;
    if (entry.idleLooks < idleLooksAllowed) return;
    entries.delete(key);
    await tunnel[Symbol.asyncDispose]();
  }

  function entryFor(host: string, port: number): Entry {
    const key = placeText(host.toLowerCase(), port);
    const known = entries.get(key);
    if (known !== undefined) return known;
    if (entries.size >= mostTunnels) {
      throw new ForgeError('failed', `${mostTunnels} hosts and ports are in use already.`, {
        code: 'TOO_MANY_TUNNELS',
        hint: 'Those that nobody uses are ended after a minute.',
      });
    }
    const entry: Entry = { tunnel: open(host, port), opened: undefined, waiting: 0, idleLooks: 0 };
    entries.set(key, entry);
    // The next who asks tries again.
    entry.tunnel.then(
      (tunnel) => {
        entry.opened = tunnel;
      },
      () => entries.delete(key),
    );
    return entry;
  }

  return {
    get health() {
      return [...entries.values()].flatMap(({ opened }) => opened?.health ?? []);
    },
    async connect(host, port, signal) {
      signal.throwIfAborted();
      // A tunnel made now would be ended by nobody.
      if (over) throw new ForgeError('failed', 'The port is closed.', { code: 'TUNNEL_CLOSED' });
      const entry = entryFor(host, port);
      entry.waiting++;
      try {
        return await (await entry.tunnel).connect(signal);
      } finally {
        entry.waiting--;
      }
    },
    async [Symbol.asyncDispose]() {
      over = true;
      clearInterval(timer);
      const all = [...entries.values()];
      entries.clear();
      await Promise.all(
        all.map(async ({ tunnel }) => (await tunnel.catch(() => undefined))?.[Symbol.asyncDispose]()),
      );
    },
  };
}
