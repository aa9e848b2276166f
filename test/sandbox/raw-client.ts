import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls';

/** PostgreSQL's protocol by hand, to say what no driver says. */
export const sslRequest = Buffer.from('0000000804d2162f', 'hex');
export const gssRequest = Buffer.from('0000000804d21630', 'hex');

export function startupPacket(parameters: Readonly<Record<string, string>>): Buffer {
  const pairs = Object.entries(parameters).map(([name, value]) => `${name}\0${value}\0`);
  const body = Buffer.from(`${pairs.join('')}\0`);
  const head = Buffer.alloc(8);
  head.writeUInt32BE(body.length + 8, 0);
  head.writeUInt32BE(196_608, 4);
  return Buffer.concat([head, body]);
}

export function passwordMessage(password: string): Buffer {
  const body = Buffer.from(`${password}\0`);
  const head = Buffer.alloc(5);
  head.write('p');
  head.writeUInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}

export async function open(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  await new Promise((resolve) => socket.once('connect', resolve));
  return socket;
}

export function upgrade(socket: Socket, options: ConnectionOptions): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const secure = connectTls({ ...options, socket }, () => resolve(secure));
    secure.once('error', reject);
    secure.once('close', () => reject(new Error('closed')));
  });
}

/** The next chunk, whatever its size; empty when the other side has closed. */
export function nextChunk(stream: Duplex): Promise<Buffer> {
  return new Promise((resolve) => {
    const settle = (chunk: Buffer) => {
      stream.removeListener('data', settle);
      stream.removeListener('close', over);
      resolve(chunk);
    };
    const over = () => settle(Buffer.alloc(0));
    if (stream.destroyed) return over();
    stream.on('data', settle);
    stream.on('close', over);
  });
}

/** Everything until the other side closes. */
export async function untilClosed(stream: Duplex): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for (;;) {
    const chunk = await nextChunk(stream);
    if (chunk.length === 0) return Buffer.concat(chunks);
    chunks.push(chunk);
  }
}
