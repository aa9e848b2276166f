import { Duplex } from 'node:stream';
import { parentPort, workerData } from 'node:worker_threads';
import { Clock } from '../../../src/db/proxy/clock.ts';
import { Relay } from '../../../src/db/proxy/relay.ts';
import { frame } from '../../../src/db/proxy/server-messages.ts';
import { SessionState } from '../../../src/db/proxy/session-state.ts';
import type { Outcome } from '../../../src/db/proxy/statement.ts';
import { seededRandom } from '../../support/seeded-random.ts';

/** What the test hands over: what a client and a server once said, and a counter that shows that this thread is alive. */
export interface FuzzOrder {
  readonly conversations: readonly (readonly {
    readonly client: Uint8Array;
    readonly server: Uint8Array;
  }[])[];
  /** Mutated messages, of both sides together. */
  readonly messages: number;
  readonly seed: number;
  readonly beat: SharedArrayBuffer;
}

const { conversations, messages, seed, beat } = workerData as FuzzOrder;
const counter = new Int32Array(beat);
const random = seededRandom(seed);
const below = (count: number) => Math.floor(random() * count);
const outcomes = { conversations: 0, violations: 0, refused: 0, worstHeap: 0 };
process.on('uncaughtException', (error) => parentPort?.postMessage({ crash: error.stack, seed }));
process.on('unhandledRejection', (error) => parentPort?.postMessage({ unhandled: String(error), seed }));

/** One end that the fuzzer holds; what is written to it is counted and forgotten. */
class Far extends Duplex {
  written = 0;
  tail = Buffer.alloc(0);
  override _read(): void {}
  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.written += chunk.length;
    this.tail = Buffer.concat([this.tail, chunk]).subarray(-400);
    done();
  }
}

function cut(bytes: Uint8Array): Buffer[] {
  const whole = Buffer.from(bytes);
  const found: Buffer[] = [];
  for (let offset = 0; offset + 5 <= whole.length; ) {
    const end = offset + 1 + whole.readUInt32BE(offset + 1);
    found.push(whole.subarray(offset, end));
    offset = end;
  }
  return found;
}

const types = 'QPBDECHSXFdcf123TDCEZnstIGHNAKRW\0\xff';

function mutated(message: Buffer): Buffer[] {
  const copy = Buffer.from(message);
  switch (below(12)) {
    case 0:
      return [];
    case 1:
      return [copy, copy];
    case 2:
      copy[below(copy.length)] = below(256);
      return [copy];
    case 3:
      copy.writeUInt32BE([0, 3, 4, 5, 0x7fffffff, 0xffffffff, copy.length, 70_000][below(8)] ?? 4, 1);
      return [copy];
    case 4:
      copy[0] = types.charCodeAt(below(types.length));
      return [copy];
    case 5:
      return [copy.subarray(0, below(copy.length))];
    case 6:
      return [
        frame(
          types[below(types.length)] ?? 'Q',
          Buffer.from(Array.from({ length: below(40) }, () => below(256))),
        ),
      ];
    case 7:
      return [frame(String.fromCharCode(copy[0] ?? 0), copy.subarray(5, 5 + below(copy.length)))];
    default:
      return [copy];
  }
}

function mutate(bytes: readonly Buffer[]): Buffer[] {
  const out = bytes.flatMap((message) => (random() < 0.3 ? mutated(message) : [message]));
  if (random() < 0.2 && out.length > 1) out.reverse();
  return out;
}

/** In pieces, which cut through messages. */
function pieces(all: readonly Buffer[]): Buffer[] {
  const bytes = Buffer.concat(all);
  const found: Buffer[] = [];
  for (let offset = 0; offset < bytes.length; ) {
    const length = 1 + below(random() < 0.3 ? 20 : 3_000);
    found.push(bytes.subarray(offset, offset + length));
    offset += length;
  }
  return found;
}

const parts = conversations.map((exchanges) =>
  exchanges.map(({ client, server }) => ({ client: cut(client), server: cut(server) })),
);
const turn = () => new Promise((resolve) => setImmediate(resolve));
let fed = 0;
let nextId = 0;
const clock = new Clock({ monotonic: () => performance.now(), now: () => Date.now() });
while (fed < messages) {
  const conversation = parts[below(parts.length)];
  if (conversation === undefined) break;
  const [client, upstream] = [new Far(), new Far()];
  const ended = new Set<Outcome['end']>();
  let full = false;
  const relay = new Relay({
    clock,
    client,
    upstream: { stream: upstream, greeting: Buffer.alloc(0), processId: 1, cancel: () => Promise.resolve() },
    guard: {
      check: ({ id }) => {
        const no = id % 11 === 0 ? { sqlState: '25006', message: 'no' } : undefined;
        return id % 3 === 0 ? Promise.resolve(no) : no;
      },
    },
    watcher: {
      before: (statement) => {
        if (statement.id % 17 === 0) return Promise.reject(new Error('full'));
        return statement.id % 4 === 0 ? Promise.resolve() : undefined;
      },
      put() {
        full ||= random() < 0.01;
        if (full) throw new Error('full');
      },
      after: ({ end }) => void ended.add(end),
    },
    state: new SessionState(clock, 1, '', () => ++nextId),
  });
  // One side is left as it is, now and then, so that the other gets far.
  const [spareClient, spareServer] = [random() < 0.3, random() < 0.4];
  for (const exchange of conversation) {
    const said = spareClient ? exchange.client : mutate(exchange.client);
    const answered = spareServer ? exchange.server : mutate(exchange.server);
    fed += said.length + answered.length;
    for (const piece of pieces(said)) {
      client.push(piece);
      if (random() < 0.3) await turn();
    }
    for (let count = below(4); count > 0; count--) await turn();
    for (const piece of pieces(answered)) {
      upstream.push(piece);
      if (random() < 0.3) await turn();
    }
  }
  await turn();
  await turn();
  if (client.tail.includes('08P01')) outcomes.violations++;
  if (ended.has('refused')) outcomes.refused++;
  // Whatever happened: it can be ended.
  client.push(null);
  upstream.push(null);
  client.destroy();
  upstream.destroy();
  await relay.done;
  outcomes.conversations++;
  if (outcomes.conversations % 500 === 0)
    outcomes.worstHeap = Math.max(outcomes.worstHeap, process.memoryUsage().arrayBuffers);
  Atomics.store(counter, 0, outcomes.conversations);
}
parentPort?.postMessage({ ...outcomes, fed });
