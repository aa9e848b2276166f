import { createHash } from 'node:crypto';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';

export interface TcpTarget extends AsyncDisposable {
  readonly port: number;
  readonly sockets: Set<Socket>;
}

/** A real TCP server on loopback. */
export async function startTarget(onConnection: (socket: Socket) => void): Promise<TcpTarget> {
  const sockets = new Set<Socket>();
  const server: Server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
    onConnection(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    sockets,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export function startEcho(): Promise<TcpTarget> {
  return startTarget((socket) => socket.pipe(socket));
}

/** So many bytes, or a few more. Rejects when it closes before. */
export function readBytes(socket: Socket, count: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      size += chunk.length;
      if (size >= count) resolve(Buffer.concat(chunks));
    });
    socket.on('close', () => reject(new Error(`closed after ${size} bytes`)));
  });
}

export function digestOf(...pieces: readonly Uint8Array[]): string {
  const hash = createHash('sha256');
  for (const piece of pieces) hash.update(piece);
  return hash.digest('hex');
}

/** A port that nobody listens on, for now. */
export async function freePort(): Promise<number> {
  const target = await startTarget(() => {});
  await target[Symbol.asyncDispose]();
  return target.port;
}
