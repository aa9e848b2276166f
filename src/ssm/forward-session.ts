import type { Access, AccessParts } from '../access/with-access.ts';
import { type ForwardSpec, placeText } from '../config/forward-spec.ts';
import { type Listener, listen } from './listener.ts';
import { carry, type ForwardCounters } from './port-forward.ts';
import type { SessionHealth } from './port-session.ts';
import { serveSocks } from './socks-proxy.ts';
import { openTunnel, type Tunnel } from './tunnel.ts';
import { createTunnelsByHost, type TunnelsByHost } from './tunnels-by-host.ts';

export interface ForwardRequest {
  readonly instance: string;
  readonly forwards: readonly ForwardSpec[];
  /** Port for SOCKS clients, 0 for any that is free; undefined: none. */
  readonly socks: number | undefined;
  /** Sessions for each destination. */
  readonly streams: number;
  readonly bindAll: boolean;
}

/** Where forge listens and where that leads. */
export interface OpenForward {
  readonly listener: Listener;
  /** Undefined for SOCKS: wherever the client says. */
  readonly spec: ForwardSpec | undefined;
}

/** Listens and carries until it is disposed. */
export interface ForwardSession extends AsyncDisposable {
  readonly open: readonly OpenForward[];
  readonly counters: ForwardCounters;
  /** Of each session that is open now. */
  readonly health: readonly SessionHealth[];
}

/**
 * Listens first, for a port that is taken is known at once and costs no session; then opens the sessions. Who
 * connects in between waits. Throws what listening and starting sessions throw, with nothing left open.
 */
export async function startForwarding(
  parts: AccessParts,
  access: Access,
  request: ForwardRequest,
): Promise<ForwardSession> {
  const { instance, streams, bindAll } = request;
  const counters: ForwardCounters = { up: 0, down: 0, open: 0, total: 0 };
  const carrying = { host: parts.host, output: parts.output, counters };
  let proxied: TunnelsByHost | undefined;
  const closers: (() => PromiseLike<void>)[] = [];
  const close = async () => {
    // The last first: listeners stand on tunnels.
    for (const one of closers.splice(0).reverse()) await one();
  };
  try {
    const gates: ((tunnel: Promise<Tunnel>) => void)[] = [];
    const open: OpenForward[] = [];
    for (const spec of request.forwards) {
      const destination = placeText(spec.host ?? 'localhost', spec.port);
      const tunnel = new Promise<Tunnel>((resolve) => gates.push(resolve));
      // Its failure is told by this function.
      tunnel.catch(() => {});
      const listener = await listen(parts.host, {
        place: spec.local,
        bindAll,
        onConnection: (socket) =>
          void carry(carrying, socket, destination, async (signal) => (await tunnel).connect(signal)),
      });
      closers.push(() => listener[Symbol.asyncDispose]());
      open.push({ listener, spec });
    }
    if (request.socks !== undefined)
      open.push({ listener: await listenForSocks(request.socks), spec: undefined });
    const tunnels = request.forwards.map(({ host, port }, index) => {
      const tunnel = openTunnel(parts, access, { instance, host, port, streams });
      gates[index]?.(tunnel);
      return tunnel;
    });
    // Under the listeners, so that they are closed first.
    closers.unshift(async () => {
      const ended = tunnels.map(async (tunnel) =>
        (await tunnel.catch(() => undefined))?.[Symbol.asyncDispose](),
      );
      await Promise.all(ended);
    });
    const opened = await Promise.all(tunnels);
    return {
      open,
      counters,
      get health() {
        return [...opened, ...(proxied === undefined ? [] : [proxied])].flatMap(({ health }) => health);
      },
      [Symbol.asyncDispose]: close,
    };
  } catch (error) {
    await close();
    throw error;
  }

  async function listenForSocks(port: number): Promise<Listener> {
    const byHost = createTunnelsByHost((host, remote) =>
      openTunnel(parts, access, { instance, host, port: remote, streams }),
    );
    proxied = byHost;
    closers.push(() => byHost[Symbol.asyncDispose]());
    const listener = await listen(parts.host, {
      place: { kind: 'tcp', port },
      bindAll,
      onConnection: (socket) =>
        void serveSocks(carrying, socket, (host, remote, signal) => byHost.connect(host, remote, signal)),
    });
    closers.push(() => listener[Symbol.asyncDispose]());
    return listener;
  }
}
