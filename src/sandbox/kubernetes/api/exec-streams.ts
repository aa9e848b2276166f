import type { Duplex } from 'node:stream';
import type { OpenContainer } from './containers.ts';
import { type RemoteCommandWish, startRemoteCommand } from './remote-command.ts';
import { serveSpdy } from './spdy/spdy-session.ts';
import type { SpdyStream } from './spdy/spdy-stream.ts';

/** What kubectl before 1.31 speaks: a stream for each direction, named by a header. */
export const execStreamProtocol = 'v4.channel.k8s.io';

const openMilliseconds = 30_000;
const mostUnsent = 1024 * 1024;

/** Runs one command for one SPDY connection, once the client has opened all the streams that it asked for. */
export function serveExecStreams(transport: Duplex, container: OpenContainer, wish: RemoteCommandWish): void {
  const expected = new Set([
    'error',
    ...(['stdin', 'stdout', 'stderr'] as const).filter((name) => wish[name]),
  ]);
  if (wish.tty) expected.add('resize');
  const streams = new Map<string, SpdyStream>();
  let gone = () => {};
  const late = setTimeout(() => transport.destroy(), openMilliseconds);
  serveSpdy(transport, {
    stream(stream) {
      const type = stream.headers.get('streamtype') ?? '';
      if (!expected.has(type) || streams.has(type)) return void stream.destroy();
      streams.set(type, stream);
      if (streams.size < expected.size) return;
      clearTimeout(late);
      gone = start(transport, streams, container, wish);
    },
    closed() {
      clearTimeout(late);
      gone();
    },
  });
}

/** Gives what to do when the client goes. */
function start(
  transport: Duplex,
  streams: ReadonlyMap<string, SpdyStream>,
  container: OpenContainer,
  wish: RemoteCommandWish,
): () => void {
  const input = streams.get('stdin');
  const command = startRemoteCommand(container, wish, {
    send: (stream, bytes) => void streams.get(stream)?.write(bytes),
    congested: () => transport.writableLength > mostUnsent,
    whenDrained: (listener) => transport.once('drain', listener),
    hold: (on) => (on ? input?.pause() : input?.resume()),
    finish(status) {
      streams.get('error')?.end(JSON.stringify(status));
      for (const name of ['stdout', 'stderr', 'stdin', 'resize']) streams.get(name)?.end();
      // The client reads to the end of each stream, then closes; whoever does not is closed.
      const timer = setTimeout(() => transport.destroy(), 3_000);
      transport.once('close', () => clearTimeout(timer));
    },
  });
  input?.on('data', (bytes: Buffer) => command.input(bytes));
  input?.on('end', () => command.inputEnded());
  // One JSON object after the other.
  streams.get('resize')?.on('data', (bytes: Buffer) => {
    for (const size of bytes.toString().match(/\{[^{}]*\}/g) ?? []) command.resize(size);
  });
  streams.get('error')?.resume();
  return () => command.gone();
}
