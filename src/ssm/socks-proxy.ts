import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { placeText } from '../config/forward-spec.ts';
import { ForgeError } from '../errors.ts';
import { carry, type ForwardParts } from './port-forward.ts';
import {
  encodeReply,
  greetingAnswer,
  readGreeting,
  readRequest,
  type SocksRead,
  SocksReply,
} from './socks5.ts';

/** Greeting and request together are shorter by far. */
const longestRequest = 1024;
const patienceMs = 10_000;

/**
 * One connection of a SOCKS client: CONNECT to wherever it says, by the instance, which also looks up the name. The
 * answer is given when the session stands: whether the server then takes the connection, only what follows tells.
 */
export async function serveSocks(
  parts: ForwardParts,
  socket: Socket,
  connect: (host: string, port: number, signal: AbortSignal) => Promise<Duplex>,
): Promise<void> {
  socket.on('error', () => {});
  const timer = setTimeout(() => socket.destroy(), patienceMs);
  const bytes = readerOf(socket);
  try {
    if ((await bytes.read(readGreeting)) === undefined) return;
    socket.write(greetingAnswer);
    const request = await bytes.read(readRequest);
    if (request === undefined) return;
    clearTimeout(timer);
    const { host, port } = request.value;
    bytes.release();
    await carry(parts, socket, placeText(host, port), async (signal) => {
      try {
        const stream = await connect(host, port, signal);
        socket.write(encodeReply(SocksReply.succeeded));
        return stream;
      } catch (error) {
        // Not cut off at once: the client shall read why.
        await new Promise<void>((sent) => socket.end(encodeReply(replyFor(error)), () => sent()));
        throw error;
      }
    });
  } finally {
    clearTimeout(timer);
  }
}

function replyFor(error: unknown): SocksReply {
  if (!(error instanceof ForgeError)) return SocksReply.failed;
  if (error.kind === 'denied') return SocksReply.forbidden;
  return error.kind === 'unreachable' ? SocksReply.networkUnreachable : SocksReply.failed;
}

/** Reads one thing after the other from a socket; what comes after the last stays in it. */
function readerOf(socket: Socket) {
  let held = Buffer.alloc(0);
  let wake = () => {};
  let over = false;
  const onData = (chunk: Buffer) => {
    held = Buffer.concat([held, chunk]);
    wake();
  };
  const onOver = () => {
    over = true;
    wake();
  };
  socket.on('data', onData);
  socket.once('end', onOver);
  socket.once('close', onOver);
  socket.resume();
  return {
    /** Undefined: the client is gone, or what it says is not spoken here, and it has been told so. */
    async read<Value>(parse: (bytes: Buffer) => SocksRead<Value>): Promise<{ value: Value } | undefined> {
      for (;;) {
        const read = parse(held);
        if (read.kind === 'read') {
          held = held.subarray(read.length);
          return { value: read.value };
        }
        if (read.kind === 'bad' || over || held.length > longestRequest) {
          socket.end(read.kind === 'bad' ? read.answer : Buffer.alloc(0), () => socket.destroy());
          return undefined;
        }
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
    release() {
      socket.pause();
      socket.removeListener('data', onData);
      socket.removeListener('end', onOver);
      socket.removeListener('close', onOver);
      if (held.length > 0) socket.unshift(held);
    },
  };
}
