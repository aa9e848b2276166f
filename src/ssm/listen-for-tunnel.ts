import type { AccessParts } from '../access/with-access.ts';
import { placeText } from '../config/forward-spec.ts';
import type { InstanceTunnel } from './instance-tunnel.ts';
import { type Listener, listen } from './listener.ts';
import { carry } from './port-forward.ts';

/**
 * A port on loopback that leads through a tunnel, for a program that can only connect by address: whoever connects
 * still needs what the far end asks for. Says once why what comes there is cut off. `port` 0: any that is free. Throws
 * what listen throws.
 */
export function listenForTunnel(
  { host, output }: Pick<AccessParts, 'host' | 'output'>,
  tunnel: Pick<InstanceTunnel, 'connect' | 'timeUp'>,
  to: { readonly host: string; readonly port: number },
  port = 0,
): Promise<Listener> {
  const parts = { host, output, counters: { up: 0, down: 0, open: 0, total: 0 } };
  const destination = placeText(to.host, to.port);
  return listen(host, {
    place: { kind: 'tcp', port },
    bindAll: false,
    onConnection: (socket) => {
      // Said when it ended; a program that goes on trying is no news.
      if (tunnel.timeUp !== undefined) return void socket.destroy();
      void carry(parts, socket, destination, (signal) => tunnel.connect(signal));
    },
  });
}
