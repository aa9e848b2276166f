import type { Host } from '../host.ts';
import type { InstanceTunnel } from './instance-tunnel.ts';
import { type Listener, listen } from './listener.ts';
import { relay, reset } from './relay.ts';

/**
 * A port on loopback that leads through a tunnel, for a program that can only connect by address: whoever connects
 * still needs what the far end asks for. `port` 0: any that is free. Throws what listen throws.
 */
export function listenForTunnel(host: Host, tunnel: InstanceTunnel, port = 0): Promise<Listener> {
  return listen(host, {
    place: { kind: 'tcp', port },
    bindAll: false,
    onConnection: (socket) => {
      socket.on('error', () => {});
      tunnel.connect(host.signal).then(
        (stream) => relay(socket, stream, { up: 0, down: 0 }),
        () => reset(socket),
      );
    },
  });
}
