import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { createWebSocketStream, WebSocketServer } from 'ws';
import { type ApiRequest, readApiRequest } from './api-request.ts';
import { asFailure } from './as-failure.ts';
import { mustBeAllowed } from './authorize.ts';
import { createContainerPorts } from './container-ports.ts';
import type { Containers } from './containers.ts';
import { execProtocols, serveExecSocket } from './exec-socket.ts';
import { execStreamProtocol, serveExecStreams } from './exec-streams.ts';
import { findContainer } from './find-container.ts';
import { impersonate } from './impersonate.ts';
import { type KubernetesObject, textAt } from './json.ts';
import type { KubernetesUser } from './kubernetes-user.ts';
import type { ObjectStore } from './object-store.ts';
import { servePortForward } from './port-forward.ts';
import type { RemoteCommandWish } from './remote-command.ts';
import { isTrue, type ResourceRequest } from './request-info.ts';
import { findResource } from './resource.ts';
import { badRequest, notFound, statusOf } from './status.ts';

export interface PodConnections extends AsyncDisposable {
  upgrade(message: IncomingMessage, socket: Duplex, head: Buffer, user: KubernetesUser): void;
}

export interface PodConnectionParts {
  readonly store: ObjectStore;
  readonly containers: Containers;
}

const longestMessage = 4 * 1024 * 1024;
/** port-forward since kubectl 1.31: SPDY's bytes in the messages of a WebSocket. */
const tunnelProtocol = 'SPDY/3.1+portforward.k8s.io';
const portForwardProtocol = 'portforward.k8s.io';

/** Requests that become a connection into a pod: over a WebSocket, or over SPDY as older clients want it. */
export function createPodConnections({ store, containers }: PodConnectionParts): PodConnections {
  const server = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: longestMessage,
    handleProtocols: (offered) => [...execProtocols, tunnelProtocol].find((one) => offered.has(one)) ?? false,
  });
  const ports = createContainerPorts();
  const sockets = new Set<Duplex>();
  const serve = async (message: IncomingMessage, socket: Duplex, head: Buffer, user: KubernetesUser) => {
    const request = readApiRequest(message, impersonate(user, message.headers));
    const info = connectable(request);
    const pod = findPod(store, info);
    const forwards = info.subresource === 'portforward';
    const run = forwards ? undefined : await prepareExec(request, pod, containers);
    if ((message.headers.upgrade ?? '').toLowerCase() === 'spdy/3.1') {
      const protocol = forwards ? portForwardProtocol : execStreamProtocol;
      mustOffer(message.headers['x-stream-protocol-version'], [protocol]);
      socket.write(switchToSpdy(protocol));
      if (head.length > 0) socket.unshift(head);
      if (run === undefined) servePortForward(socket, pod, ports);
      else serveExecStreams(socket, run.container, run.wish);
      return;
    }
    mustOffer(message.headers['sec-websocket-protocol'], forwards ? [tunnelProtocol] : execProtocols);
    server.handleUpgrade(message, socket, head, (client) => {
      if (run !== undefined) return serveExecSocket(client, run.container, run.wish);
      client.on('error', () => {});
      servePortForward(createWebSocketStream(client), pod, ports);
    });
  };
  return {
    upgrade(message, socket, head, user) {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
      socket.on('error', () => {});
      serve(message, socket, head, user).catch((error: unknown) => refuse(socket, error));
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      ports[Symbol.dispose]();
      server.close();
    },
  };
}

async function prepareExec(request: ApiRequest, pod: KubernetesObject, containers: Containers) {
  const wish = readWish(request.query);
  const name = findContainer(pod, request.query.get('container'));
  return { wish, container: await containers.open(pod, name) };
}

function mustOffer(header: string | string[] | undefined, known: readonly string[]): void {
  const offered = [header ?? []].flat().flatMap((line) => line.split(',').map((word) => word.trim()));
  if (offered.some((protocol) => known.includes(protocol))) return;
  throw badRequest(`unable to upgrade: none of the protocols is supported: ${known.join(', ')}`);
}

const switchToSpdy = (protocol: string): string =>
  [
    'HTTP/1.1 101 Switching Protocols',
    'Connection: Upgrade',
    'Upgrade: SPDY/3.1',
    `X-Stream-Protocol-Version: ${protocol}`,
    '\r\n',
  ].join('\r\n');

/** Whether a connection into a pod is what the request asks for, and may. */
function connectable({ info, user }: ApiRequest): ResourceRequest {
  mustBeAllowed(user, info);
  const known =
    info.type === 'resource' && info.group === '' && info.version === 'v1' && info.resource === 'pods';
  if (known && info.subresource === 'attach') {
    throw badRequest("the sandbox's containers have no program of their own to attach to: use exec");
  }
  if (!known || !['exec', 'portforward'].includes(info.subresource))
    throw badRequest('there is nothing to upgrade to');
  // WebSockets begin with a GET, which those may who only look: from 1.35 on Kubernetes asks for more, as here.
  mustBeAllowed(user, { ...info, verb: 'create' });
  return info;
}

function findPod(store: ObjectStore, info: ResourceRequest): KubernetesObject {
  const pods = findResource('', 'v1', 'pods');
  const pod = pods === undefined ? undefined : store.find(pods, info.namespace, info.name);
  if (pod === undefined) throw notFound('', 'pods', info.name);
  const phase = textAt(pod, 'status', 'phase');
  if (phase !== 'Running') {
    throw badRequest(`pod ${info.name} does not have a host assigned or is not running: ${phase}`);
  }
  return pod;
}

function readWish(query: URLSearchParams): RemoteCommandWish {
  const [command, ...rest] = query.getAll('command');
  if (command === undefined) throw badRequest('you must specify at least 1 command for the container');
  const flag = (name: string) => isTrue(query.get(name));
  const wish = { stdin: flag('stdin'), stdout: flag('stdout'), stderr: flag('stderr'), tty: flag('tty') };
  if (!wish.stdin && !wish.stdout && !wish.stderr) {
    throw badRequest('you must specify at least one of stdin, stdout, stderr');
  }
  if (wish.tty && wish.stderr) throw badRequest('tty and stderr cannot both be true');
  return { ...wish, argv: [command, ...rest] };
}

/** Over a socket that became nobody's: Node has no response for it. */
function refuse(socket: Duplex, error: unknown): void {
  const failure = asFailure(error);
  const body = JSON.stringify(statusOf(failure));
  const head = [
    `HTTP/1.1 ${failure.code} ${failure.reason}`,
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}
