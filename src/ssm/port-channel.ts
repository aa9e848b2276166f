import type { Duplex } from 'node:stream';
import type { DataChannel } from './data-channel.ts';

/** What connections through a port session need of the data channel that carries it. */
export type PortChannel = Pick<
  DataChannel,
  'agentVersion' | 'send' | 'sendFlag' | 'drained' | 'onData' | 'closed'
>;

/** Connections through one port session. */
export interface Connections {
  /** Connections that are open now. */
  readonly active: number;
  /**
   * A connection that the instance makes. There is no telling whether the server took it but by what comes: the
   * stream is destroyed with a ConnectRefused when it did not. Rejects when the session is over.
   */
  connect(signal: AbortSignal): Promise<Duplex>;
  /** Ends all connections; `error` is what they are told. */
  end(error?: Error): void;
}

/** The instance could not connect to the host and port. */
export class ConnectRefused extends Error {
  override readonly name = 'ConnectRefused';
  readonly code = 'ECONNREFUSED';
}

export class SessionOver extends Error {
  override readonly name = 'SessionOver';
  readonly code = 'ECONNRESET';
}
