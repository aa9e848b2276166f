import { createServer } from 'node:http';
import type { Duplex } from 'node:stream';
import { type KubernetesObject, listAt, numberAt, textAt } from './json.ts';

/** What listens in containers: each port that a container declares answers HTTP and says where one is. */
export interface ContainerPorts extends Disposable {
  /** False: nothing listens there. */
  connect(pod: KubernetesObject, port: number, connection: Duplex): boolean;
}

export function createContainerPorts(): ContainerPorts {
  const where = new WeakMap<Duplex, { readonly pod: string; readonly port: number }>();
  const server = createServer((request, response) => {
    const { pod = '', port = 0 } = where.get(request.socket) ?? {};
    const path = request.url ?? '/';
    request.resume();
    response.setHeader('content-type', 'application/json');
    response.end(`${JSON.stringify({ pod, port, path })}\n`);
  });
  return {
    connect(pod, port, connection) {
      const declared = listAt(pod, 'spec', 'containers').flatMap((container) =>
        listAt(container, 'ports').map((entry) => numberAt(entry, 'containerPort')),
      );
      if (!declared.includes(port)) return false;
      where.set(connection, { pod: textAt(pod, 'metadata', 'name'), port });
      server.emit('connection', connection);
      return true;
    },
    [Symbol.dispose]: () => server.closeAllConnections(),
  };
}
