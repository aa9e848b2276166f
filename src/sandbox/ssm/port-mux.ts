import type { Socket } from 'node:net';
import { encodeData, encodeFrame, FrameReader, SmuxCommand, SmuxError } from '../../ssm/wire/smux.ts';
import { Flag, flagPayload, Payload } from './payloads.ts';
import { dial, type PortTarget } from './port-connection.ts';
import type { Worker, WorkerContext } from './worker.ts';

interface Stream {
  /** Undefined while it is dialled. */
  socket: Socket | undefined;
  /** Came before the connection stood. */
  readonly early: Buffer[];
  finished: boolean;
}

/** So much of the client's data may wait for all servers together, as smux's receive buffer. */
const mostWaiting = 4 * 1024 * 1024;
const mostStreams = 1_024;

/** smux version 1: each stream is a connection of its own to the one target. */
export async function startMuxPort(context: WorkerContext, target: PortTarget): Promise<Worker> {
  const streams = new Map<number, Stream>();
  const reader = new FrameReader();
  let waiting = 0;
  const written = (length: number) => () => {
    const full = waiting > mostWaiting;
    waiting -= length;
    if (full && waiting <= mostWaiting) context.retry();
  };
  const send = (frame: Buffer) => context.output(Payload.output, frame);
  const close = (id: number, stream: Stream) => {
    if (streams.get(id) !== stream) return;
    streams.delete(id);
    send(encodeFrame(SmuxCommand.close, id));
  };
  const write = (socket: Socket, bytes: Buffer) => {
    if (socket.destroyed) written(bytes.length)();
    else socket.write(bytes, written(bytes.length));
  };
  const open = async (id: number) => {
    const stream: Stream = { socket: undefined, early: [], finished: false };
    streams.set(id, stream);
    const socket = await dial(context, target);
    if (streams.get(id) !== stream && !stream.finished) return socket?.destroy();
    if (socket === undefined) {
      for (const bytes of stream.early) written(bytes.length)();
      // The flag names no stream: the one whose FIN follows is meant.
      context.output(Payload.flag, flagPayload(Flag.connectToPortError));
      return close(id, stream);
    }
    stream.socket = socket;
    socket.on('data', (bytes) => {
      if (streams.get(id) !== stream) return;
      send(encodeData(id, bytes));
      if (!context.congested()) return;
      socket.pause();
      context.whenDrained(() => socket.resume());
    });
    // On either end AWS's agent closes both directions.
    socket.on('end', () => close(id, stream));
    socket.on('close', () => close(id, stream));
    for (const bytes of stream.early.splice(0)) write(socket, bytes);
    if (stream.finished) socket.destroySoon();
  };
  const finish = (id: number) => {
    const stream = streams.get(id);
    if (stream === undefined) return;
    stream.finished = true;
    close(id, stream);
    stream.socket?.destroySoon();
  };
  const takeFrames = (payload: Buffer) => {
    for (const { command, streamId, payload: data } of reader.push(payload)) {
      const stream = streams.get(streamId);
      if (command === SmuxCommand.open && stream === undefined && streams.size < mostStreams)
        void open(streamId);
      else if (command === SmuxCommand.close) finish(streamId);
      else if (command === SmuxCommand.data && stream !== undefined) {
        waiting += data.length;
        if (stream.socket === undefined) stream.early.push(data);
        else write(stream.socket, data);
      }
    }
  };
  let deaf = false;
  return {
    take(payloadType, payload) {
      if (payloadType === Payload.flag) {
        if (payload.length !== 4 || payload.readUInt32BE() !== Flag.terminateSession) return 'taken';
        context.finish('');
        return 'refused';
      }
      if (payloadType !== Payload.output || deaf) return 'taken';
      if (waiting > mostWaiting) return 'later';
      try {
        takeFrames(payload);
      } catch (error) {
        if (!(error instanceof SmuxError)) throw error;
        // As AWS's: it says nothing, and hears nothing any more.
        deaf = true;
      }
      return 'taken';
    },
    kill() {
      for (const stream of streams.values()) stream.socket?.destroy();
      streams.clear();
    },
  };
}
