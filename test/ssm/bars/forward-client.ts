import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { numberedBytes } from './numbered-bytes.ts';

/** What a transfer came to. */
export interface Transfer {
  readonly digest: string;
  readonly seconds: number;
}

/** Asks a MeasuredServer at the other end of a forward. */
async function ask(port: number, words: string): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  await once(socket, 'connect');
  socket.write(`${words}\n`);
  return socket;
}

/** Pushes numbered bytes; the digest is what the server says of what it got. */
export async function upload(port: number, count: number): Promise<Transfer> {
  const started = performance.now();
  const socket = await ask(port, `up ${count}`);
  const answer = readText(socket);
  for (const piece of numberedBytes(count)) if (!socket.write(piece)) await once(socket, 'drain');
  const digest = await answer;
  socket.destroy();
  return { digest, seconds: (performance.now() - started) / 1000 };
}

export async function download(port: number, count: number): Promise<Transfer> {
  const started = performance.now();
  const socket = await ask(port, `down ${count}`);
  const hash = createHash('sha256');
  let seen = 0;
  for await (const chunk of socket) {
    hash.update(chunk);
    seen += chunk.length;
    if (seen >= count) break;
  }
  if (seen < count) throw new Error(`the download ended after ${seen} bytes`);
  return { digest: hash.digest('hex'), seconds: (performance.now() - started) / 1000 };
}

/** Reads a download of `offered` bytes at 1 MB/s for so long, then goes; what it read, and its digest. */
export async function readSlowly(port: number, offered: number, seconds: number) {
  const socket = await ask(port, `down ${offered}`);
  const hash = createHash('sha256');
  const started = performance.now();
  let read = 0;
  for await (const chunk of socket) {
    hash.update(chunk);
    read += chunk.length;
    const ahead = read / 1_000 - (performance.now() - started);
    if (ahead > 0) await sleep(ahead);
    if (performance.now() - started >= seconds * 1_000) break;
  }
  return { read, digest: hash.digest('hex') };
}

/** Milliseconds of `count` round trips of 16 bytes, sorted. */
export async function roundTrips(port: number, count: number): Promise<number[]> {
  const socket = await ask(port, 'echo');
  const times: number[] = [];
  for (let index = 0; index < count; index++) {
    const started = performance.now();
    const back = once(socket, 'data');
    socket.write('sixteen bytes ok');
    await back;
    times.push(performance.now() - started);
  }
  socket.destroy();
  return times.sort((one, other) => one - other);
}

async function readText(socket: Socket): Promise<string> {
  let text = '';
  for await (const chunk of socket) text += chunk;
  return text;
}
