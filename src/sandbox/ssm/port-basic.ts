import type { Socket } from 'node:net';
import { Flag, Payload } from './payloads.ts';
import { dial, type PortTarget } from './port-connection.ts';
import type { Worker, WorkerContext } from './worker.ts';

/** So much of the client's data may wait for the server. */
const mostWaiting = 1024 * 1024;

/**
 * The bare bytes of one connection at a time: old agents, and SSH. A forward is dialled again by the next data after
 * either side has closed; an SSH session ends with its server.
 */
export async function startBasicPort(
  context: WorkerContext,
  target: PortTarget,
  forwarding: boolean,
): Promise<Worker> {
  let socket: Socket | undefined;
  let dialling = false;
  let over = false;
  const open = async (): Promise<boolean> => {
    dialling = true;
    const opened = await dial(context, target);
    dialling = false;
    if (over) opened?.destroy();
    if (over || opened === undefined) return false;
    socket = opened;
    opened.on('data', (bytes) => {
      context.output(Payload.output, bytes);
      if (!context.congested()) return;
      opened.pause();
      context.whenDrained(() => opened.resume());
    });
    opened.on('drain', () => context.retry());
    opened.on('close', () => {
      if (socket === opened) socket = undefined;
      if (!forwarding) context.finish('');
      else context.retry();
    });
    return true;
  };
  if (!(await open())) {
    throw new Error(
      `Unable to connect to specified port: dial tcp ${target.host}:${target.port}: connection refused`,
    );
  }
  return {
    take(payloadType, payload) {
      if (payloadType === Payload.flag) {
        const flag = payload.length === 4 ? payload.readUInt32BE() : 0;
        if (flag === Flag.terminateSession) {
          context.finish('');
          // The agent ends without acknowledging it.
          return 'refused';
        }
        if (flag === Flag.disconnectToPort) {
          socket?.destroySoon();
          socket = undefined;
        }
        return 'taken';
      }
      if (payloadType !== Payload.output) return 'taken';
      if (socket === undefined) {
        if (!dialling) void open().then((opened) => (opened ? context.retry() : refuse(context)));
        return 'later';
      }
      if (socket.writableLength > mostWaiting) return 'later';
      socket.write(payload);
      return 'taken';
    },
    kill() {
      over = true;
      socket?.destroy();
    },
  };
}

function refuse(context: WorkerContext): void {
  context.finish('Connection to destination port failed, check SSM Agent logs.');
}
