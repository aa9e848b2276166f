import { randomUUID } from 'node:crypto';
import { ForgeError } from '../errors.ts';
import type { Host } from '../host.ts';
import type { BackoffLimits } from './backoff.ts';
import { type ChannelLimits, defaultChannelLimits } from './channel-limits.ts';
import { Connection, type StreamAddress } from './connection.ts';
import type { DataChannel } from './data-channel.ts';
import { clientVersion, type GenerateDataKey } from './handshake.ts';
import { SessionChannel } from './session-channel.ts';
import type { SocketTimes } from './web-socket.ts';
import { encodeOpenDataChannel } from './wire/payload.ts';

export interface DataChannelParts {
  readonly host: Pick<Host, 'env' | 'now' | 'monotonic'>;
  readonly debug: (text: string) => void;
}

/** What StartSession gave, and the target that it was given. */
export interface StartedSession extends StreamAddress {
  readonly sessionId: string;
  readonly target: string;
}

export interface DataChannelOptions {
  /** Aborted while it opens: its reason is thrown. Aborted later: the channel closes. */
  readonly signal: AbortSignal;
  /** An open channel closes so long after the abort, milliseconds. Its socket, once lost, is not made anew then. Default: 0. */
  readonly lingerMs?: number | undefined;
  /** ssm:ResumeSession; undefined when the session is over. */
  readonly resume: () => Promise<StreamAddress | undefined>;
  /** ssm:TerminateSession, when the channel is disposed of and the session was not ended by the other side. */
  readonly terminate?: (() => Promise<void>) | undefined;
  /** Without it sessions whose preferences ask for encryption are refused. */
  readonly generateDataKey?: GenerateDataKey | undefined;
  readonly limits?: Partial<ChannelLimits> | undefined;
  readonly times?: SocketTimes | undefined;
  readonly backoff?: BackoffLimits | undefined;
  /** Until the session is ready, milliseconds. The agent itself waits 15 s for each answer. */
  readonly readyWithin?: number | undefined;
}

const defaultReadyWithin = 30_000;

/** Opens the data channel of a started session and does the handshake. A session that fails to open is terminated. */
export async function openDataChannel(
  parts: DataChannelParts,
  session: StartedSession,
  options: DataChannelOptions,
): Promise<DataChannel> {
  const { sessionId, target } = session;
  const { signal, readyWithin = defaultReadyWithin, lingerMs = 0 } = options;
  const clientId = randomUUID();
  const connection = new Connection(
    parts,
    {
      signal,
      resume: options.resume,
      times: options.times,
      backoff: options.backoff,
      opening: (token) =>
        encodeOpenDataChannel({ requestId: randomUUID(), token: token.reveal(), clientId, clientVersion }),
    },
    {
      onOpen: (socket) => channel.attach(socket),
      onMessage: (bytes) => channel.receive(bytes),
      onDrain: () => channel.drain(),
      onLost: () => channel.detach(),
      onGone: (error) => channel.fail(error),
    },
  );
  const channel = new SessionChannel({
    host: parts.host,
    handshake: { sessionId, target, generateDataKey: options.generateDataKey },
    limits: { ...defaultChannelLimits, ...options.limits },
    disconnect: () => connection.close(),
    reconnects: () => connection.reconnects,
    terminate: options.terminate,
  });
  let lingering: NodeJS.Timeout | undefined;
  let open = false;
  const onAbort = () => {
    if (!open || lingerMs === 0) return channel.abort();
    lingering = setTimeout(() => channel.abort(), lingerMs);
  };
  signal.addEventListener('abort', onAbort, { once: true });
  void channel.closed.then(() => {
    clearTimeout(lingering);
    signal.removeEventListener('abort', onAbort);
  });
  const deadline = setTimeout(() => channel.fail(notReady(readyWithin)), readyWithin);
  try {
    await Promise.all([connection.open(session), channel.opened]);
    open = true;
    return channel;
  } catch (error) {
    await channel[Symbol.asyncDispose]();
    throw signal.aborted ? signal.reason : error;
  } finally {
    clearTimeout(deadline);
  }
}

function notReady(milliseconds: number): ForgeError {
  const seconds = Math.round(milliseconds / 1_000);
  return new ForgeError(
    'unreachable',
    `The agent on the instance did not open the session within ${seconds} s.`,
    {
      code: 'SESSION_NOT_READY',
      hint: 'Check that the SSM agent runs there and is online: forge ssm list',
    },
  );
}
