import type { RawData, WebSocket } from 'ws';
import type { OpenContainer } from './containers.ts';
import type { JsonMap } from './json.ts';
import { type RemoteCommandWish, startRemoteCommand } from './remote-command.ts';

/** The protocols of exec over WebSocket, best first. v5 can say that one stream ended. */
export const execProtocols: readonly string[] = ['v5.channel.k8s.io', 'v4.channel.k8s.io'];

/** The first byte of each message. */
const channels = { stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4, close: 255 } as const;

const mostUnsent = 1024 * 1024;
const closeMilliseconds = 3_000;

/** Runs one command for one WebSocket. */
export function serveExecSocket(socket: WebSocket, container: OpenContainer, wish: RemoteCommandWish): void {
  const drained: (() => void)[] = [];
  const send = (channel: number, bytes: Buffer) => {
    if (socket.readyState !== socket.OPEN) return;
    socket.send(Buffer.concat([Buffer.of(channel), bytes]), () => {
      if (socket.bufferedAmount <= mostUnsent / 2) for (const listener of drained.splice(0)) listener();
    });
  };
  const command = startRemoteCommand(container, wish, {
    send: (stream, bytes) => send(channels[stream], bytes),
    congested: () => socket.bufferedAmount > mostUnsent,
    whenDrained: (listener) => void drained.push(listener),
    hold: (on) => (on ? socket.pause() : socket.resume()),
    finish(status: JsonMap) {
      socket.resume();
      send(channels.error, Buffer.from(JSON.stringify(status)));
      // kubectl takes anything but a normal closure for a broken connection.
      socket.close(1000);
      const timer = setTimeout(() => socket.terminate(), closeMilliseconds);
      socket.once('close', () => clearTimeout(timer));
    },
  });
  socket.on('message', (data: RawData) => {
    const bytes = Buffer.isBuffer(data)
      ? data
      : Array.isArray(data)
        ? Buffer.concat(data)
        : Buffer.from(data);
    const payload = bytes.subarray(1);
    if (bytes[0] === channels.stdin && wish.stdin) command.input(payload);
    else if (bytes[0] === channels.resize) command.resize(payload.toString());
    else if (bytes[0] === channels.close && payload[0] === channels.stdin && wish.stdin) command.inputEnded();
  });
  socket.on('error', () => {});
  socket.on('close', () => command.gone());
  // As the API server does: clients see that they are through before the program says anything.
  send(wish.stdout ? channels.stdout : channels.stderr, Buffer.alloc(0));
}
