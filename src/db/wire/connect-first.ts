import { connect, type Socket } from 'node:net';

/** RFC 8305: the next address gets its chance when the one before has not answered within this. */
const headStartMs = 250;

/**
 * A TCP connection to the first address that answers ("happy eyeballs"): a dead IPv6 route costs a quarter of a
 * second and not a timeout. Node's own version gives up an address when it tries the next, so that a slow link
 * has no chance at all; here the attempts go on side by side.
 */
export function connectFirst(
  addresses: readonly { readonly address: string }[],
  port: number,
  stop: AbortSignal,
): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const open = new Set<Socket>();
    let firstError: unknown;
    let next = 0;
    let timer: NodeJS.Timeout | undefined;
    const finish = (winner?: Socket) => {
      clearTimeout(timer);
      stop.removeEventListener('abort', onAbort);
      for (const socket of open) if (socket !== winner) socket.destroy();
    };
    const onAbort = () => {
      finish();
      reject(stop.reason);
    };
    const attempt = () => {
      clearTimeout(timer);
      const target = addresses[next++];
      if (target === undefined) return;
      const socket = connect({ host: target.address, port, noDelay: true, keepAlive: true });
      open.add(socket);
      const onError = (error: Error) => {
        firstError ??= error;
        open.delete(socket);
        if (next < addresses.length) return attempt();
        if (open.size > 0) return;
        finish();
        reject(firstError);
      };
      socket.once('error', onError);
      socket.once('connect', () => {
        socket.removeListener('error', onError);
        finish(socket);
        resolve(socket);
      });
      if (next < addresses.length) timer = setTimeout(attempt, headStartMs);
    };
    if (addresses.length === 0) return reject(new Error('the name has no address'));
    stop.addEventListener('abort', onAbort, { once: true });
    attempt();
  });
}
