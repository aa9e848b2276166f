import { isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { findProxy, ProxyAgent } from '../aws/proxy-agent.ts';
import { ForgeError } from '../errors.ts';
import type { Host } from '../host.ts';
import type { ClusterLocation } from './locate-cluster.ts';

/** Host and port of a cluster's API, as its certificate names it. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

const patienceMs = 10_000;

export function endpointOf({ server }: Pick<ClusterLocation, 'server'>): Endpoint {
  const { hostname, port } = new URL(server);
  return { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || 443) };
}

/**
 * Whether what answers there, directly or through HTTPS_PROXY as kubectl would go, is the cluster: a TLS handshake, and
 * nothing more is sent. Throws failed CLUSTER_CERTIFICATE, or what the network says.
 */
export async function checkDirectly(
  { env }: Pick<Host, 'env'>,
  location: ClusterLocation,
  signal: AbortSignal,
): Promise<void> {
  const to = endpointOf(location);
  const options = { ...tlsOptions(location), ...to };
  const proxy = findProxy(env, to.host, to.port);
  if (proxy === undefined) return handshake(connect(options), to, signal);
  const secured = await new Promise<Duplex>((resolve, reject) => {
    new ProxyAgent(proxy, {}).createConnection(options, (error, stream) =>
      error === null ? resolve(stream) : reject(error),
    );
  });
  return handshake(secured as TLSSocket, to, signal);
}

/** The same over a stream that leads there. */
export function checkThrough(stream: Duplex, location: ClusterLocation, signal: AbortSignal): Promise<void> {
  const to = endpointOf(location);
  const socket = connect({ ...tlsOptions(location), host: to.host, socket: stream });
  // That the far end refused is known to the stream alone.
  stream.once('error', (error) => socket.destroy(error));
  return handshake(socket, to, signal).finally(() => stream.destroy());
}

function tlsOptions(location: ClusterLocation): ConnectionOptions {
  const { host } = endpointOf(location);
  return {
    ca: Buffer.from(location.certificateAuthority, 'base64').toString('utf8'),
    // An address is no name to ask for (RFC 6066), and is checked all the same.
    servername: isIP(host) === 0 ? host : '',
  };
}

function handshake(socket: TLSSocket, to: Endpoint, signal: AbortSignal): Promise<void> {
  return new Promise<void>((resolve, reject) => {
    let agreed = false;
    const onAbort = () => socket.destroy(new Error('another way was faster'));
    socket.on('error', (error) => agreed || reject(certificateFailure(socket, to, error) ?? error));
    socket.once('close', () => {
      if (agreed) resolve();
      else reject(new Error('the connection was closed before TLS was agreed'));
    });
    socket.setTimeout(patienceMs, () => socket.destroy(new Error(`no answer within ${patienceMs / 1000} s`)));
    socket.once('secureConnect', () => {
      agreed = true;
      // Not cut off: to the API server that would be a failed handshake, which it logs.
      socket.end(() => socket.destroy());
    });
    signal.addEventListener('abort', onAbort, { once: true });
    socket.once('close', () => signal.removeEventListener('abort', onAbort));
    if (signal.aborted) onAbort();
  });
}

function certificateFailure(
  socket: TLSSocket,
  { host, port }: Endpoint,
  error: Error,
): ForgeError | undefined {
  if (!socket.authorizationError) return undefined;
  const code = String((error as NodeJS.ErrnoException).code ?? socket.authorizationError);
  const why =
    code === 'ERR_TLS_CERT_ALTNAME_INVALID'
      ? `its certificate is not made out to ${host}`
      : code === 'CERT_HAS_EXPIRED'
        ? 'its certificate has expired'
        : `its certificate is not signed by the cluster's authority (${code})`;
  return new ForgeError('failed', `What answers for ${host}:${port} is not the cluster: ${why}.`, {
    code: 'CLUSTER_CERTIFICATE',
    hint: 'Check "endpoint" and "ca" at the cluster in forge.yaml where they are said, and what opens TLS in between.',
    cause: error,
  });
}
