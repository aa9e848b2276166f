import type { ForgeError } from '../errors.ts';

export type SessionType = 'Standard_Stream' | 'InteractiveCommands' | 'NonInteractiveCommands' | 'Port';

/**
 * `ready`: bytes flow. `paused`: the agent is away, says the service, or its silence of half a minute. `suspended`: the socket is lost and being
 * made anew. In all three `send` may be called and nothing is lost.
 */
export type ChannelState = 'ready' | 'paused' | 'suspended' | 'closed';

export interface ChannelEnd {
  /** `remote`: the service or the agent ended it. `local`: this side did. `lost`: it could not be kept; see `error`. */
  readonly reason: 'remote' | 'local' | 'lost';
  /** What the service says on why; foreign text, empty for an ordinary end. */
  readonly output: string;
  /** Of the remote program, where the session type tells it. */
  readonly exitCode?: number;
  /** Why it was lost, to be thrown. */
  readonly error?: ForgeError;
}

/** A returned promise holds back the following messages, and in the end the sender, until it is settled. */
export type DataListener = (payloadType: number, payload: Buffer) => void | Promise<void>;

/** An open session: the handshake is done, both directions carry bytes. Disposing ends the session. */
export interface DataChannel extends AsyncDisposable {
  readonly sessionId: string;
  /** As the agent says it. Without a handshake: a terminal, `Standard_Stream`. */
  readonly sessionType: SessionType;
  /** Those of the document: portNumber, host, type, …; empty for sessions that have none. */
  readonly properties: Readonly<Record<string, string>>;
  /** Undefined in a session without handshake. */
  readonly agentVersion: string | undefined;
  /** What the organisation wants people to read; foreign text, mostly empty. */
  readonly customerMessage: string;
  readonly state: ChannelState;
  /** Settles once, never rejects. */
  readonly closed: Promise<ChannelEnd>;
  /**
   * Bytes in order, split and filled up to the payload limit; `bytes` must not be changed afterwards. Resolves when
   * there is room for more: await it before reading on. Rejects once the channel is closed.
   */
  send(payloadType: number, bytes: Uint8Array): Promise<void>;
  sendFlag(flag: number): Promise<void>;
  /** Resolves when the agent has acknowledged everything sent so far, or the channel is closed. */
  drained(): Promise<void>;
  /**
   * The one receiver of output, stdErr, flag and exitCode payloads. What came before it was set is kept for it. A
   * listener that throws ends the channel.
   */
  onData(listener: DataListener): void;
  onState(listener: (state: ChannelState) => void): Disposable;
  stats(): ChannelStats;
}

export interface ChannelStats {
  readonly sentMessages: number;
  readonly sentBytes: number;
  readonly receivedMessages: number;
  readonly receivedBytes: number;
  readonly resentMessages: number;
  /** Damaged or unreadable frames. */
  readonly droppedFrames: number;
  readonly reconnects: number;
  /** Smoothed, milliseconds; undefined before the first acknowledgement. */
  readonly roundTrip: number | undefined;
  /** Messages that may be on their way unacknowledged. */
  readonly window: number;
  /** Since the agent was last heard, or the socket last made, milliseconds. */
  readonly silence: number;
}
