import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import { type ApiRequest, readApiRequest } from './api-request.ts';
import { asFailure } from './as-failure.ts';
import { mustBeAllowed } from './authorize.ts';
import type { Containers } from './containers.ts';
import { execProtocols, serveExecSocket } from './exec-socket.ts';
import { findContainer } from './find-container.ts';
import { impersonate } from './impersonate.ts';
import { type KubernetesObject, textAt } from './json.ts';
import type { KubernetesUser } from './kubernetes-user.ts';
import type { ObjectStore } from './object-store.ts';
import type { RemoteCommandWish } from './remote-command.ts';
import { isTrue, type ResourceRequest } from './request-info.ts';
import { findResource } from './resource.ts';
import { badRequest, noSuchPage, notFound, statusOf } from './status.ts';

export interface PodConnections extends AsyncDisposable {
  upgrade(message: IncomingMessage, socket: Duplex, head: Buffer, user: KubernetesUser): void;
}

export interface PodConnectionParts {
  readonly store: ObjectStore;
  readonly containers: Containers;
}

const longestMessage = 4 * 1024 * 1024;

/** Requests that become a connection into a pod. */
export function createPodConnections({ store, containers }: PodConnectionParts): PodConnections {
  const server = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: longestMessage,
    handleProtocols: (offered) => execProtocols.find((protocol) => offered.has(protocol)) ?? false,
  });
  const sockets = new Set<Duplex>();
  const serve = async (message: IncomingMessage, socket: Duplex, head: Buffer, user: KubernetesUser) => {
    const request = readApiRequest(message, impersonate(user, message.headers));
    const info = connectable(request);
    const pod = findPod(store, info);
    if (info.subresource !== 'exec') throw noSuchPage();
    const wish = readWish(request.query);
    const container = findContainer(pod, request.query.get('container'));
    const offered = (message.headers['sec-websocket-protocol'] ?? '').split(',').map((word) => word.trim());
    if (!offered.some((protocol) => execProtocols.includes(protocol))) {
      throw badRequest(`unable to upgrade: none of the protocols is supported: ${execProtocols.join(', ')}`);
    }
    const opened = await containers.open(pod, container);
    server.handleUpgrade(message, socket, head, (client) => serveExecSocket(client, opened, wish));
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
      server.close();
    },
  };
}

/** Whether a connection into a pod is what the request asks for, and may. */
function connectable({ info, user }: ApiRequest): ResourceRequest {
  mustBeAllowed(user, info);
  const known =
    info.type === 'resource' && info.group === '' && info.version === 'v1' && info.resource === 'pods';
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
