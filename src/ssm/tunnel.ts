import type { Duplex } from 'node:stream';
import type { Access, AccessParts } from '../access/with-access.ts';
import { createPool } from './channel-pool.ts';
import type { ChannelEnd } from './data-channel.ts';
import { destinationOf, openPortSession, type PortTarget, type SessionHealth } from './port-session.ts';

export interface TunnelRequest extends PortTarget {
  /** Sessions that share the connections. Default: 1. */
  readonly streams?: number | undefined;
  /** How long after Ctrl-C it still leads there, milliseconds, for whoever disposes of it before. Default: 0. */
  readonly lingerMs?: number | undefined;
}

/** A way to one host and port through an instance. Nothing listens on this machine. Disposing ends it. */
export interface Tunnel extends AsyncDisposable {
  /** Connections that are open now. */
  readonly active: number;
  readonly sessions: number;
  /** Of each session that is open now. */
  readonly health: readonly SessionHealth[];
  /**
   * One TCP connection that the instance makes. That the server refused it is only told by the stream, which is
   * then destroyed with a ConnectRefused.
   */
  connect(signal: AbortSignal): Promise<Duplex>;
}

/** Opens its sessions before it resolves, so that what stands against them is known. Throws what starting throws. */
export async function openTunnel(
  parts: AccessParts,
  access: Access,
  { streams = 1, lingerMs, ...target }: TunnelRequest,
): Promise<Tunnel> {
  const destination = destinationOf(target);
  const pool = createPool({
    size: streams,
    open: () => openPortSession(parts, access, target, { lingerMs }),
    now: () => parts.host.monotonic(),
    onEnd: (end) => {
      // What ends here, e.g. at Ctrl-C, is no news.
      if (end.reason !== 'local') parts.output.note(endText(destination, end));
    },
  });
  try {
    await pool.fill();
  } catch (error) {
    await pool[Symbol.asyncDispose]();
    throw error;
  }
  return pool;
}

function endText(destination: string, { output, error, reason }: ChannelEnd): string {
  const why =
    output.trim() || error?.message || (reason === 'remote' ? 'the service ended it' : 'it is lost');
  return `The session to ${destination} has ended (${why.replace(/\.$/, '')}); the next connection starts another.`;
}
