import type { Duplex } from 'node:stream';
import type { ContainerPorts } from './container-ports.ts';
import type { KubernetesObject } from './json.ts';
import { serveSpdy } from './spdy/spdy-session.ts';
import type { SpdyStream } from './spdy/spdy-stream.ts';

/** For each connection the client opens two streams with the same request id: one for an error, one for the data. */
export function servePortForward(transport: Duplex, pod: KubernetesObject, ports: ContainerPorts): void {
  const errors = new Map<string, SpdyStream>();
  serveSpdy(transport, {
    stream(stream) {
      const request = stream.headers.get('requestid') ?? '';
      const port = Number(stream.headers.get('port'));
      if (stream.headers.get('streamtype') === 'error') {
        errors.set(request, stream);
        stream.on('close', () => errors.delete(request));
        return void stream.resume();
      }
      const error = errors.get(request);
      stream.on('close', () => error?.end());
      if (ports.connect(pod, port, stream)) return;
      error?.end(
        `error forwarding port ${port} to pod ${String(pod.metadata.name)}: failed to connect to localhost:${port} inside namespace: connect: connection refused`,
      );
      stream.destroy();
    },
    closed: () => errors.clear(),
  });
}
