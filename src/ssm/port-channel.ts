import type { Duplex } from 'node:stream';

/** What connections through a port session need of the data channel that carries it. */
export interface PortChannel {
  readonly agentVersion: string | undefined;
  /** Resolves when there is room for more; keeps the order. */
  send(payloadType: number, bytes: Uint8Array): Promise<void>;
  /** A promise that the listener returns holds back what follows. */
  onData(listener: (payloadType: number, payload: Buffer) => void | Promise<void>): void;
  sendFlag(flag: number): Promise<void>;
  readonly closed: Promise<{ readonly reason: 'remote' | 'local' | 'lost'; readonly output: string }>;
}

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

/** PayloadType and flag numbers of port sessions: amazon-ssm-agent, message/contracts. */
export const portPayload = { output: 1, flag: 10 } as const;
export const portFlag = { disconnectToPort: 1, connectToPortError: 3 } as const;
