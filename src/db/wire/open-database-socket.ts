import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { connectFirst } from './connect-first.ts';
import { WireFailure, type WireStep } from './wire-failure.ts';

export interface DatabaseSocketRequest {
  /** The endpoint's real name: what the certificate must be made out to, wherever the connection goes. */
  readonly host: string;
  /** Name or IP address to connect to: the same, or the near end of a tunnel. */
  readonly address: string;
  readonly port: number;
  /** Another way to it than by `address` and `port`, in place of the steps dns and tcp. */
  readonly dial?: Dial | undefined;
  /** PEM of the only authorities that are believed. */
  readonly ca: string | readonly string[];
  readonly signal: AbortSignal;
  /** For each step (DNS, TCP, TLS) on its own. */
  readonly timeoutMs: number;
  /** Called as each step succeeds. */
  readonly onStep?: ((step: SocketStep) => void) | undefined;
}

/**
 * Connects and calls `agree`, which asks the server for TLS: what has not answered that has not been reached. Then
 * nothing else may be read or written. `address` is for people: where it really goes.
 */
export type Dial = (
  stop: AbortSignal,
  agree: Agree,
) => Promise<{ readonly stream: Duplex; readonly address: string }>;

/** Destroys the stream when it fails. */
export type Agree = (stream: Duplex, stop: AbortSignal) => Promise<void>;

export type SocketStep =
  | { readonly name: 'dns'; readonly addresses: readonly string[] }
  | { readonly name: 'tcp'; readonly address: string }
  | { readonly name: 'tls'; readonly protocol: string; readonly certificate: CertificateFacts };

export interface CertificateFacts {
  readonly subject: string;
  readonly issuer: string;
  /** Epoch milliseconds. */
  readonly validTo: number;
}

/**
 * A TLS connection to PostgreSQL, ready for the startup message: TCP, SSLRequest, verified TLS
 * (https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-SSL). There is no way to make it
 * without TLS or without the checks: `rejectUnauthorized` is said outright, because a variable in the
 * environment can change its default. Rejects with a WireFailure, or with the signal's reason.
 */
export async function openDatabaseSocket(request: DatabaseSocketRequest): Promise<TLSSocket> {
  const { onStep } = request;
  const socket =
    request.dial === undefined ? await connectByName(request) : await connectBy(request.dial, request);
  try {
    if (request.dial === undefined) await within('negotiation', request, (stop) => requestTls(socket, stop));
    const secure = await within('tls', request, (stop) => startTls(socket, request, stop));
    onStep?.({
      name: 'tls',
      protocol: secure.getProtocol() ?? '',
      certificate: certificateFacts(secure),
    });
    return secure;
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

async function connectByName(request: DatabaseSocketRequest): Promise<Duplex> {
  const { onStep } = request;
  const found = await within('dns', request, () => lookup(request.address, { all: true, order: 'verbatim' }));
  onStep?.({ name: 'dns', addresses: found.map(({ address }) => address) });
  const socket = await within('tcp', request, (stop) => connectFirst(found, request.port, stop));
  onStep?.({ name: 'tcp', address: socket.remoteAddress ?? '' });
  return socket;
}

/** Starting a session with an instance takes a second or some, where a connection takes a moment. */
const dialTimes = 3;

async function connectBy(dial: Dial, request: DatabaseSocketRequest): Promise<Duplex> {
  const patient = { ...request, timeoutMs: request.timeoutMs * dialTimes };
  const { stream, address } = await within('tcp', patient, (stop) => dial(stop, agreeOnTls));
  request.onStep?.({ name: 'tcp', address });
  return stream;
}

async function agreeOnTls(stream: Duplex, stop: AbortSignal): Promise<void> {
  try {
    await requestTls(stream, stop);
  } catch (error) {
    stream.on('error', () => {});
    stream.destroy();
    throw WireFailure.from('negotiation', error);
  }
}

/** Fails when the step's time is up or the signal says stop, whatever `run` is doing. */
async function within<Value>(
  step: WireStep,
  { signal, timeoutMs }: DatabaseSocketRequest,
  run: (stop: AbortSignal) => Promise<Value>,
): Promise<Value> {
  signal.throwIfAborted();
  const stop = new AbortController();
  const onAbort = () => stop.abort(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  const timer = setTimeout(
    () => stop.abort(new WireFailure(step, 'TIMEOUT', `no answer within ${timeoutMs / 1000} s`)),
    timeoutMs,
  );
  try {
    const stopped = new Promise<never>((_, reject) => {
      stop.signal.addEventListener('abort', () => reject(stop.signal.reason), { once: true });
    });
    return await Promise.race([run(stop.signal), stopped]);
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    throw WireFailure.from(step, error);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
  }
}

const sslRequest = Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f]);

/** Asks for TLS and takes exactly one byte of answer: anything more was put there by somebody in between. */
function requestTls(socket: Duplex, stop: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (error?: unknown) => {
      socket.removeListener('data', onData);
      socket.removeListener('error', settle);
      socket.removeListener('close', onClose);
      stop.removeEventListener('abort', onAbort);
      socket.pause();
      if (error === undefined) resolve();
      else reject(error);
    };
    const onAbort = () => settle(stop.reason);
    const onClose = () =>
      settle(new WireFailure('negotiation', 'CLOSED', 'the server closed the connection at once'));
    const onData = (answer: Buffer) => settle(refusalOf(answer));
    socket.on('data', onData);
    socket.on('error', settle);
    socket.on('close', onClose);
    stop.addEventListener('abort', onAbort, { once: true });
    socket.write(sslRequest);
  });
}

function refusalOf(answer: Buffer): WireFailure | undefined {
  const failure = (code: string, message: string) => new WireFailure('negotiation', code, message);
  switch (answer[0]) {
    case 0x53: // S
      if (answer.length === 1) return undefined;
      return failure('STUFFED', 'bytes were put in before the encryption began');
    case 0x4e: // N
      return failure('NO_TLS', 'the server does not offer TLS');
    case 0x45: // E: an ErrorResponse, or 'E' and text from servers before 9
      return failure('ERROR', 'the server answered with an error before TLS');
    default:
      return failure('NOT_POSTGRESQL', 'what answers there does not speak PostgreSQL');
  }
}

function startTls(
  socket: Duplex,
  { host, ca }: DatabaseSocketRequest,
  stop: AbortSignal,
): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const secure = connectTls({
      socket,
      ca: typeof ca === 'string' ? ca : [...ca],
      host,
      // An IP address may not stand in the name extension (RFC 6066, 3); the certificate is checked against `host`.
      ...(isIP(host) === 0 ? { servername: host } : {}),
      rejectUnauthorized: true,
      minVersion: 'TLSv1.2',
    });
    const settle = (error?: unknown) => {
      secure.removeListener('secureConnect', onSecure);
      secure.removeListener('error', settle);
      secure.removeListener('close', onClose);
      stop.removeEventListener('abort', onAbort);
      if (error === undefined) return resolve(secure);
      secure.on('error', () => {});
      secure.destroy();
      reject(error);
    };
    const onSecure = () => settle();
    const onAbort = () => settle(stop.reason);
    const onClose = () => settle(new WireFailure('tls', 'CLOSED', 'the server closed the connection'));
    secure.on('secureConnect', onSecure);
    secure.on('error', settle);
    secure.on('close', onClose);
    stop.addEventListener('abort', onAbort, { once: true });
  });
}

function certificateFacts(secure: TLSSocket): CertificateFacts {
  const { subject, issuer, valid_to } = secure.getPeerCertificate();
  const name = (of: { CN?: string | string[]; O?: string | string[] } | undefined) =>
    [of?.CN ?? of?.O ?? ''].flat().join(', ');
  return { subject: name(subject), issuer: name(issuer), validTo: Date.parse(valid_to) };
}
