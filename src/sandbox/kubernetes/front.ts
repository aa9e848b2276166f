import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import { createServer as createTcpServer, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { EksCluster } from '../organisation.ts';
import type { World } from '../world.ts';
import { createCertificateAuthority } from '../x509/certificates.ts';
import { admitRequest } from './admit-request.ts';
import type { KubernetesApi } from './api/kubernetes-api.ts';
import { type ApiFailure, statusOf, unauthorized } from './api/status.ts';

export interface KubernetesFront extends AsyncDisposable {
  /** Clients that are connected. */
  connections(): number;
}

export interface FrontOptions {
  readonly world: World;
  readonly cluster: EksCluster;
  /** What answers, once it is known who asks. Ends with the front. */
  readonly api: KubernetesApi;
  /** The real clock, which TLS clients check against. */
  readonly now: number;
}

/** A token is at most 4 kB, but who sends more is to learn it from us. kube-apiserver takes a megabyte. */
const longestHeaders = 128 * 1024;
const loopback = '127.0.0.1';

/**
 * What stands at a cluster's endpoint: TLS with an authority of the cluster's own, then the bearer token, then its API.
 * Two doors as at a database: one for everybody on this machine, which a private cluster leaves unanswered unless the
 * VPN is connected, and one for those who come through Session Manager. Writes port and authority into the cluster.
 */
export async function startKubernetesFront(options: FrontOptions): Promise<KubernetesFront> {
  const { world, cluster, api } = options;
  const authority = createCertificateAuthority(`${cluster.name} forge sandbox CA`, options.now);
  const { certificate, key } = authority.issue(
    cluster.publicAccess ? [cluster.endpointHost, loopback] : [cluster.endpointHost],
  );
  const server = createServer({
    cert: certificate,
    key,
    minVersion: 'TLSv1.2',
    maxHeaderSize: longestHeaders,
    // Watches and logs that are followed last.
    requestTimeout: 0,
  });
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const admitted = admitRequest(world, cluster, request);
    if (admitted.kind === 'user') return api.handle(request, response, admitted.user);
    request.resume();
    if (admitted.kind === 'health') response.setHeader('content-type', 'text/plain').end('ok');
    else refuse(response, admitted.failure);
  });
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => {});
    const admitted = admitRequest(world, cluster, request);
    if (admitted.kind === 'user') return api.upgrade(request, socket, head, admitted.user);
    refuseUpgrade(socket, admitted.kind === 'refused' ? admitted.failure : unauthorized());
  });
  server.on('tlsClientError', (_error, socket: Duplex) => socket.destroy());
  const sockets = new Set<Socket>();
  const receive = (socket: Socket) => void server.emit('connection', socket);
  const outside = await listen(sockets, (socket) => {
    const direct = cluster.publicAccess ? 'open' : world.ssm.network.direct(cluster.account);
    if (direct === 'open') receive(socket);
    // A network that refuses and one that drops packets; loopback has accepted by then.
    else if (direct === 'closed') socket.destroy();
    else socket.resume();
  });
  const inside = await listen(sockets, receive).catch(async (error: unknown) => {
    await outside.close();
    throw error;
  });
  cluster.port = outside.port;
  cluster.authority = authority.certificate;
  world.ssm.network.insidePorts.set(outside.port, inside.port);
  return {
    connections: () => sockets.size,
    async [Symbol.asyncDispose]() {
      const closed = [outside, inside].map((door) => door.close());
      await api[Symbol.asyncDispose]();
      for (const socket of sockets) socket.destroy();
      await Promise.all(closed);
    },
  };
}

interface Door {
  readonly port: number;
  close(): Promise<void>;
}

async function listen(sockets: Set<Socket>, receive: (socket: Socket) => void): Promise<Door> {
  const server = createTcpServer({ noDelay: true, keepAlive: true }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
    receive(socket);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: loopback, port: 0 }, resolve);
  });
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

function refuse(response: ServerResponse, failure: ApiFailure): void {
  response.writeHead(failure.code, { 'content-type': 'application/json', 'cache-control': 'no-store' });
  response.end(JSON.stringify(statusOf(failure)));
}

function refuseUpgrade(socket: Duplex, failure: ApiFailure): void {
  const body = JSON.stringify(statusOf(failure));
  socket.end(
    `HTTP/1.1 ${failure.code} ${failure.reason}\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}
