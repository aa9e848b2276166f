import { setTimeout as sleep } from 'node:timers/promises';
import { ForgeError } from '../errors.ts';
import type { Host } from '../host.ts';
import type { Secret } from '../lib/secret.ts';
import { type BackoffLimits, backoffDelay, defaultBackoff } from './backoff.ts';
import { defaultSocketTimes, type MessageSocket, openWebSocket, type SocketTimes } from './web-socket.ts';

/** Where a session's data channel is, and the one-use token that opens it. */
export interface StreamAddress {
  readonly streamUrl: Secret;
  readonly tokenValue: Secret;
}

export interface ConnectionParts {
  readonly host: Pick<Host, 'env' | 'monotonic'>;
  readonly debug: (text: string) => void;
}

export interface ConnectionOptions {
  readonly signal: AbortSignal;
  /** Undefined: the session is over. A ForgeError of kind `denied` or `signed-out` ends the attempts. */
  readonly resume: () => Promise<StreamAddress | undefined>;
  /** The text that opens the channel with this token. */
  readonly opening: (token: Secret) => string;
  readonly times?: SocketTimes | undefined;
  readonly backoff?: BackoffLimits | undefined;
}

export interface ConnectionHandlers {
  onMessage(bytes: Buffer): void;
  /** The channel is open, at first or again. */
  onOpen(socket: MessageSocket): void;
  onLost(): void;
  onDrain(): void;
  /** It can't be opened any more. */
  onGone(error: ForgeError): void;
}

/**
 * Keeps one data channel open over as many WebSockets as it takes. The service closes each after an hour with code
 * 1000: no close of a socket is the end of a session, only its own message, or a refused resumption, is.
 */
export class Connection {
  readonly #parts: ConnectionParts;
  readonly #options: ConnectionOptions;
  readonly #handlers: ConnectionHandlers;
  readonly #stop = new AbortController();
  readonly #signal: AbortSignal;
  #socket: MessageSocket | undefined;
  /** In a row without success: a socket that opens and closes again at once is none. */
  #attempts = 0;
  /** Since when no socket has lasted. */
  #lostAt: number | undefined;
  #openedAt = 0;
  #reconnects = 0;

  constructor(parts: ConnectionParts, options: ConnectionOptions, handlers: ConnectionHandlers) {
    this.#parts = parts;
    this.#options = options;
    this.#handlers = handlers;
    this.#signal = AbortSignal.any([options.signal, this.#stop.signal]);
  }

  get reconnects(): number {
    return this.#reconnects;
  }

  /** The first time failures are thrown. */
  open(address: StreamAddress): Promise<void> {
    return this.#connect(address);
  }

  /** Says goodbye; nothing is called back any more. */
  async close(): Promise<void> {
    this.#stop.abort();
    const socket = this.#socket;
    this.#socket = undefined;
    await socket?.close();
  }

  async #connect(address: StreamAddress): Promise<void> {
    let closed = false;
    const socket = await openWebSocket(
      this.#parts.host,
      address.streamUrl,
      {
        onMessage: (bytes) => {
          if (this.#stop.signal.aborted) return;
          // Not 0: a service that says a word and hangs up is not to be called again and again without a pause.
          this.#attempts = Math.min(this.#attempts, 1);
          this.#handlers.onMessage(bytes);
        },
        onDrain: () => {
          if (!closed && !this.#stop.signal.aborted) this.#handlers.onDrain();
        },
        onClose: (why) => {
          closed = true;
          this.#parts.debug(`data channel ${why}`);
          if (this.#socket !== undefined && this.#socket === socket) this.#lose();
        },
      },
      this.#signal,
      this.#options.times ?? defaultSocketTimes,
    );
    if (this.#stop.signal.aborted) return socket.terminate();
    this.#socket = socket;
    this.#openedAt = this.#parts.host.monotonic();
    socket.send(this.#options.opening(address.tokenValue));
    this.#handlers.onOpen(socket);
    if (closed) this.#lose();
  }

  #lose(): void {
    this.#socket = undefined;
    if (this.#signal.aborted) return;
    if (this.#parts.host.monotonic() - this.#openedAt >= stable) {
      this.#attempts = 0;
      this.#lostAt = undefined;
    }
    this.#lostAt ??= this.#parts.host.monotonic();
    this.#handlers.onLost();
    void this.#reconnect();
  }

  async #reconnect(): Promise<void> {
    const backoff = this.#options.backoff ?? defaultBackoff;
    const { host, debug } = this.#parts;
    let last: unknown;
    for (;;) {
      const lost = host.monotonic() - (this.#lostAt ?? host.monotonic());
      if (lost >= backoff.within) return this.#handlers.onGone(connectionLost(last));
      try {
        const delay = backoffDelay(this.#attempts++, backoff, Math.random);
        if (delay > 0) await sleep(delay, undefined, { signal: this.#signal });
        const address = await this.#options.resume();
        if (this.#signal.aborted) return;
        if (address === undefined) return this.#handlers.onGone(sessionOver());
        await this.#connect(address);
        this.#reconnects++;
        return;
      } catch (error) {
        if (this.#signal.aborted) return;
        debug(`data channel not resumed: ${error instanceof Error ? error.message : String(error)}`);
        const hopeless = error instanceof ForgeError && final.has(error.kind);
        if (hopeless) return this.#handlers.onGone(error);
        last = error;
      }
    }
  }
}

/** Milliseconds that a socket must have lived to count as a success: a word on it alone is none. */
const stable = 5_000;

const final: ReadonlySet<ForgeError['kind']> = new Set(['denied', 'signed-out', 'usage', 'time-up']);

function sessionOver(): ForgeError {
  return new ForgeError('unreachable', 'The session ended while its connection was down.', {
    code: 'SESSION_GONE',
    hint: 'Start a new one.',
  });
}

function connectionLost(cause: unknown): ForgeError {
  const why = cause instanceof ForgeError ? ` ${cause.message}` : '';
  return new ForgeError('unreachable', `The session's connection was lost and did not come back.${why}`, {
    code: 'SESSION_LOST',
    hint: 'Check the network and the VPN, and start a new one.',
    cause,
  });
}
