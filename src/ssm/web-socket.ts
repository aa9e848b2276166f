import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import WebSocket, { type RawData } from 'ws';
import { isLoopback } from '../aws/endpoint.ts';
import { httpsAgent } from '../aws/https-agent.ts';
import { describeNetworkError } from '../aws/network-error.ts';
import { findProxy } from '../aws/proxy-agent.ts';
import { ForgeError } from '../errors.ts';
import type { Host } from '../host.ts';
import type { Secret } from '../lib/secret.ts';

export interface SocketTimes {
  /** Until the WebSocket is open, milliseconds. */
  readonly openWithin: number;
  /** From one ping to the next. */
  readonly pingEvery: number;
  /** From a ping to the pong. Two missed in a row are a lost socket, noticed within pingEvery + 2 × pongWithin. */
  readonly pongWithin: number;
}

export const defaultSocketTimes: SocketTimes = { openWithin: 15_000, pingEvery: 30_000, pongWithin: 25_000 };

export interface SocketHandlers {
  /** Binary and text alike: the original takes messages in either. */
  onMessage(bytes: Buffer): void;
  /** Once, however it ended. `why` is for --debug. */
  onClose(why: string): void;
  /** Everything handed to the socket has left this process. */
  onDrain(): void;
}

export interface MessageSocket {
  send(message: Buffer | string): void;
  /** Bytes handed over that have not left this process. */
  readonly waiting: number;
  /** Stops reading, until `resume`: the peer's own TCP has to wait. Its silence is then no sign of death. */
  pause(): void;
  resume(): void;
  /** Says goodbye and gives what was sent a moment to leave. */
  close(): Promise<void>;
  /** Drops the connection at once. */
  terminate(): void;
}

/** More than any agent sends in one message, and too little to hurt. */
const largestMessage = 4 * 1024 * 1024;
const goodbye = 200;

/**
 * Opens a WebSocket as the SDK would: AWS_CA_BUNDLE, HTTPS_PROXY and NO_PROXY count, and what is not encrypted goes
 * nowhere but to this machine. Throws a ForgeError that shows the host and never the address, or the signal's reason.
 */
export async function openWebSocket(
  host: Pick<Host, 'env'>,
  address: Secret,
  handlers: SocketHandlers,
  signal: AbortSignal,
  times: SocketTimes = defaultSocketTimes,
): Promise<MessageSocket> {
  signal.throwIfAborted();
  const url = checkAddress(address);
  const proxy =
    url.protocol === 'wss:' ? findProxy(host.env, url.hostname, Number(url.port || 443)) : undefined;
  const webSocket = new WebSocket(url, {
    perMessageDeflate: false,
    followRedirects: false,
    handshakeTimeout: times.openWithin,
    maxPayload: largestMessage,
    // A text frame may carry a binary message; what is text is checked where it is read.
    skipUTF8Validation: true,
    ...(url.protocol === 'wss:' ? { agent: httpsAgent(host, proxy) } : {}),
  });
  const socket = await opened(webSocket, url.host, signal);
  return new OpenSocket(webSocket, socket, handlers, times);
}

function checkAddress(address: Secret): URL {
  const unsafe = (why: string) =>
    new ForgeError('failed', `The address of the session's data channel ${why}.`, {
      code: 'UNSAFE_STREAM_URL',
      hint: 'Check what answers in place of AWS: AWS_ENDPOINT_URL, HTTPS_PROXY.',
    });
  let url: URL;
  try {
    url = new URL(address.reveal());
  } catch {
    throw unsafe('can not be read');
  }
  if (url.protocol !== 'wss:' && url.protocol !== 'ws:') throw unsafe('is not one of a WebSocket');
  if (url.username !== '' || url.password !== '') throw unsafe('holds a user or password');
  if (url.protocol === 'ws:' && !isLoopback(url.hostname)) {
    throw unsafe(`would send the session to ${url.host} unencrypted`);
  }
  return url;
}

function opened(webSocket: WebSocket, host: string, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    let socket: Socket | undefined;
    const settle = (failure?: unknown) => {
      signal.removeEventListener('abort', onAbort);
      webSocket.removeAllListeners();
      if (failure === undefined && socket !== undefined) return resolve(socket);
      // Terminating one that is not open yet is an error to ws.
      webSocket.on('error', () => {});
      webSocket.terminate();
      reject(failure ?? unreachable(host, 'it closed the connection'));
    };
    const onAbort = () => settle(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    webSocket.on('upgrade', (response: IncomingMessage) => {
      socket = response.socket;
    });
    // Messages that came together with the end of the opening wait for their listeners.
    webSocket.on('open', () => {
      webSocket.pause();
      settle();
    });
    webSocket.on('close', () => settle(unreachable(host, 'it closed the connection')));
    webSocket.on('unexpected-response', (_request, response: IncomingMessage) =>
      settle(refused(host, response.statusCode ?? 0)),
    );
    webSocket.on('error', (error) => settle(explain(host, error)));
  });
}

function explain(host: string, error: Error): ForgeError {
  const network = describeNetworkError(error);
  if (network !== undefined) {
    return new ForgeError('unreachable', `Failed to reach ${host} for the session: ${network.reason}.`, {
      code: network.code,
      hint: network.hint,
      cause: error,
    });
  }
  const timedOut = error.message === 'Opening handshake has timed out';
  return unreachable(host, timedOut ? 'it did not answer in time' : 'it does not speak WebSocket', error);
}

function refused(host: string, status: number): ForgeError {
  return new ForgeError('unreachable', `${host} refused the session's data channel (status ${status}).`, {
    code: 'DATA_CHANNEL_REFUSED',
    hint: 'Try again; a proxy on the way must let WebSockets through.',
  });
}

function unreachable(host: string, reason: string, cause?: Error): ForgeError {
  return new ForgeError('unreachable', `Failed to reach ${host} for the session: ${reason}.`, {
    code: 'UNREACHABLE',
    hint: 'Check the network, the VPN and HTTPS_PROXY, and try again.',
    cause,
  });
}

class OpenSocket implements MessageSocket {
  readonly #webSocket: WebSocket;
  readonly #socket: Socket;
  readonly #handlers: SocketHandlers;
  readonly #times: SocketTimes;
  #timer: NodeJS.Timeout | undefined;
  #alive = true;
  #missed = 0;
  #paused = false;
  #corked = false;
  #ended = false;

  constructor(webSocket: WebSocket, socket: Socket, handlers: SocketHandlers, times: SocketTimes) {
    this.#webSocket = webSocket;
    this.#socket = socket;
    this.#handlers = handlers;
    this.#times = times;
    socket.setNoDelay(true);
    socket.on('drain', () => handlers.onDrain());
    webSocket.on('message', (data: RawData) => {
      this.#alive = true;
      if (!this.#ended) handlers.onMessage(data as Buffer);
    });
    for (const sign of ['ping', 'pong'] as const) {
      webSocket.on(sign, () => {
        this.#alive = true;
      });
    }
    webSocket.on('close', (code: number, reason: Buffer) => this.#end(`closed (${code} ${reason})`));
    webSocket.on('error', (error: NodeJS.ErrnoException) => {
      this.#end(`failed (${error.code ?? error.message})`);
      webSocket.terminate();
    });
    if (webSocket.readyState !== WebSocket.OPEN) {
      setImmediate(() => this.#end('closed while it opened'));
      return;
    }
    this.#ping();
    webSocket.resume();
  }

  get waiting(): number {
    return this.#socket.writableLength;
  }

  send(message: Buffer | string): void {
    if (this.#webSocket.readyState !== WebSocket.OPEN) return;
    // What is sent in one go, such as the acknowledgements of one read, leaves in one system call.
    if (!this.#corked) {
      this.#corked = true;
      this.#socket.cork();
      queueMicrotask(() => {
        this.#corked = false;
        this.#socket.uncork();
      });
    }
    this.#webSocket.send(message);
  }

  pause(): void {
    if (this.#paused) return;
    this.#paused = true;
    this.#webSocket.pause();
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    // The pongs of the meantime have not been read yet.
    this.#alive = true;
    this.#missed = 0;
    this.#webSocket.resume();
  }

  async close(): Promise<void> {
    if (this.#ended) return;
    this.#webSocket.resume();
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, goodbye);
      this.#webSocket.once('close', () => {
        clearTimeout(timer);
        resolve();
      });
      this.#webSocket.close(1000);
    });
    this.terminate();
  }

  terminate(): void {
    this.#end('dropped');
    this.#webSocket.terminate();
  }

  #end(why: string): void {
    if (this.#ended) return;
    this.#ended = true;
    clearTimeout(this.#timer);
    this.#handlers.onClose(why);
  }

  #ping = (): void => {
    this.#alive = false;
    this.#webSocket.ping();
    this.#timer = setTimeout(this.#check, this.#times.pongWithin);
  };

  #check = (): void => {
    const { pingEvery, pongWithin } = this.#times;
    if (this.#alive || this.#paused) {
      this.#missed = 0;
      this.#timer = setTimeout(this.#ping, Math.max(0, pingEvery - pongWithin));
      return;
    }
    this.#missed++;
    if (this.#missed < 2) {
      this.#ping();
    } else {
      this.#end('silent');
      this.#webSocket.terminate();
    }
  };
}
