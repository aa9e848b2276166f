import { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { parentPort, workerData } from 'node:worker_threads';
import pg from 'pg';
import { GuardedSocket } from '../../../src/db/wire/guard-backend.ts';

/** What the test hands over: recorded server streams, and a counter that shows that this thread is alive. */
interface FuzzOrder {
  readonly streams: readonly Uint8Array[];
  readonly count: number;
  readonly seed: number;
  readonly beat: SharedArrayBuffer;
}

const { streams, count, seed, beat } = workerData as FuzzOrder;
const counter = new Int32Array(beat);
const outcomes = { refused: 0, served: 0, slowest: 0 };
process.on('uncaughtException', (error) => {
  parentPort?.postMessage({ crash: error.stack, at: Atomics.load(counter, 0) });
});

/** xorshift32: the same seed gives the same inputs everywhere. */
let state = seed;
function random(below: number): number {
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  return (state >>> 0) % below;
}

function mutate(original: Uint8Array): Buffer {
  let bytes = Buffer.from(original);
  for (let round = 0; round <= random(4); round++) {
    const at = random(bytes.length);
    switch (random(7)) {
      case 0:
        bytes[at] = random(256);
        break;
      case 1:
        bytes[at] = [0, 0xff, 0x7f, 0x80, 1][random(5)] ?? 0;
        break;
      case 2:
        bytes = bytes.subarray(0, at + 1);
        break;
      case 3:
        bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + random(8))]);
        break;
      case 4: {
        const extra = Buffer.from(Array.from({ length: random(9) }, () => random(256)));
        bytes = Buffer.concat([bytes.subarray(0, at), extra, bytes.subarray(at)]);
        break;
      }
      case 5:
        if (at + 4 <= bytes.length)
          bytes.writeInt32BE([-1, 0, 3, 4, 0x7fffffff, 1 << 20][random(6)] ?? 0, at);
        break;
      default: {
        const from = random(bytes.length);
        const piece = Buffer.from(bytes.subarray(from, from + random(64)));
        bytes = Buffer.concat([bytes.subarray(0, at), piece, bytes.subarray(at)]);
      }
    }
    if (bytes.length === 0) return bytes;
  }
  return bytes;
}

/** Keeps the frame and breaks what is in it: one message gets another body, type or end, and may be the last. */
function mutateMessage(original: Uint8Array): Buffer {
  const bytes = Buffer.from(original);
  const starts: number[] = [];
  for (let offset = 0; offset + 5 <= bytes.length; offset += 1 + bytes.readUInt32BE(offset + 1))
    starts.push(offset);
  const start = starts[random(starts.length)] ?? 0;
  const end = start + 1 + bytes.readUInt32BE(start + 1);
  let body = Buffer.from(bytes.subarray(start + 5, end));
  if (random(2) === 0) body = body.subarray(0, random(body.length + 1));
  else if (body.length > 0) body[random(3) === 0 ? random(body.length) : body.length - 1] = random(256);
  const head = Buffer.from(bytes.subarray(start, start + 5));
  if (random(8) === 0) head[0] = 'RKSZENDTC123IncsdtAGHvVW'.charCodeAt(random(24));
  head.writeUInt32BE(body.length + 4, 1);
  const rest = random(2) === 0 ? Buffer.alloc(0) : bytes.subarray(end);
  return Buffer.concat([bytes.subarray(0, start), head, body, rest]);
}

async function feed(bytes: Buffer): Promise<void> {
  const wire = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() });
  Object.assign(wire, { setNoDelay: () => wire });
  const guarded = new GuardedSocket(wire as unknown as TLSSocket);
  const client = new pg.Client({
    user: 'u',
    database: 'd',
    password: 'p',
    ssl: false,
    stream: () => guarded,
  });
  let failed = false;
  const fail = () => {
    failed = true;
  };
  client.on('error', fail);
  client.connect().catch(fail);
  for (const text of ['select 1', 'select 2', 'select 3']) client.query(text).catch(fail);
  client.query('select $1::int', ['1']).catch(fail);
  await new Promise((resolve) => setImmediate(resolve));
  for (let offset = 0; offset < bytes.length; ) {
    const size = 1 + random(random(4) === 0 ? 3 : 4096);
    wire.push(bytes.subarray(offset, offset + size));
    offset += size;
  }
  wire.push(null);
  await new Promise((resolve) => guarded.once('close', resolve));
  if (failed) outcomes.refused++;
  else outcomes.served++;
}

for (let index = 0; index < count; index++) {
  const started = performance.now();
  const original = streams[random(streams.length)] ?? Buffer.alloc(0);
  await feed(random(2) === 0 ? mutate(original) : mutateMessage(original));
  outcomes.slowest = Math.max(outcomes.slowest, performance.now() - started);
  Atomics.add(counter, 0, 1);
}
parentPort?.postMessage(outcomes);
