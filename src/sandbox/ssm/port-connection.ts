import { connect, type Socket } from 'node:net';
import type { WorkerContext } from './worker.ts';

export interface PortTarget {
  readonly host: string;
  readonly port: number;
}

const dialMs = 10_000;

/** A TCP connection to where a host and port lead from the instance. Undefined: refused, or nothing by that name. */
export async function dial(context: WorkerContext, { host, port }: PortTarget): Promise<Socket | undefined> {
  const localPort = await context.destination(host, port);
  if (localPort === undefined) return undefined;
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port: localPort, noDelay: true });
    const timer = setTimeout(() => socket.destroy(), dialMs);
    socket.once('connect', () => {
      clearTimeout(timer);
      resolve(socket);
    });
    socket.on('error', () => {});
    socket.once('close', () => {
      clearTimeout(timer);
      resolve(undefined);
    });
  });
}
