import { connect, type Socket } from 'node:net';
import { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BackendFramer } from '../../../src/db/wire/backend-framer.ts';
import { bundleScript } from '../../support/bundle-script.ts';
import { type PlainPostgres, plainUser, startPlainPostgres } from '../../support/plain-postgres.ts';
import { createTestHost } from '../../support/test-host.ts';

let postgres: PlainPostgres;
/** What a real PostgreSQL sends, from login to goodbye. */
let streams: Buffer[];
beforeAll(async () => {
  postgres = await startPlainPostgres();
  streams = await Promise.all([
    record((client) =>
      client.query("select 1; select 'two' as b, null as n; select generate_series(1, 300)"),
    ),
    record(async (client) => {
      await client.query('select $1::int, $2::text', ['1', 'ä🎉']);
      await client.query('selec').catch(() => {});
      await client.query('do $$ begin raise notice $n$hello$n$; end $$');
    }),
    record(async (client) => {
      await client.query("listen x; notify x, 'payload'");
      await client.query("create temp table t (a int primary key, b jsonb); insert into t values (1, '{}')");
      await client.query('insert into t values (1)').catch(() => {});
      await client.query('select * from t where false');
      await client.query('');
    }),
    record((client) => client.query("select repeat('x', 300000)")),
  ]);
}, 60_000);
afterAll(() => postgres[Symbol.asyncDispose]());

async function record(use: (client: pg.Client) => Promise<unknown>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let socket: Socket | undefined;
  const client = new pg.Client({
    user: plainUser,
    database: 'postgres',
    password: 'x',
    ssl: false,
    stream: () => {
      socket = connect(`${postgres.folder}/.s.PGSQL.5432`);
      socket.on('data', (chunk) => chunks.push(Buffer.from(chunk)));
      const stream = socket as Socket & { connect: () => Socket };
      stream.connect = () => stream;
      return stream;
    },
  });
  client.on('error', () => {});
  await client.connect();
  await use(client);
  await client.end();
  return Buffer.concat(chunks);
}

/** All that comes out, or the code of the failure. */
function frame(pieces: readonly Buffer[]): Buffer | string {
  const framer = new BackendFramer();
  const out: Buffer[] = [];
  try {
    for (const piece of pieces) {
      const messages = framer.push(piece);
      if (messages !== undefined) out.push(Buffer.from(messages));
    }
  } catch (error) {
    return (error as { code: string }).code;
  }
  return Buffer.concat(out);
}

/** toEqual would compare byte by byte, in seconds. */
function same(one: Buffer | string, other: Buffer): boolean {
  return typeof one !== 'string' && one.equals(other);
}

function message(type: string, body: Buffer | string | readonly number[]): Buffer {
  const bytes = Buffer.from(body as string);
  const head = Buffer.alloc(5);
  head.write(type, 0, 'latin1');
  head.writeUInt32BE(bytes.length + 4, 1);
  return Buffer.concat([head, bytes]);
}

const authenticationOk = message('R', [0, 0, 0, 0]);
const ready = message('Z', 'I');
const loggedIn = [authenticationOk, ready];

describe('what a real server sends', () => {
  it('goes through unchanged, however it is cut', () => {
    for (const stream of streams) {
      expect(same(frame([stream]), stream)).toBe(true);
      expect(frame([...stream.subarray(0, 5_000)].map((byte) => Buffer.from([byte])))).toEqual(
        frame([stream.subarray(0, 5_000)]),
      );
    }
    fc.assert(
      fc.property(
        fc.nat(3),
        fc.array(fc.integer({ min: 1, max: 40_000 }), { maxLength: 60 }),
        (which, cuts) => {
          const stream = streams[which] as Buffer;
          const pieces: Buffer[] = [];
          let offset = 0;
          for (const cut of cuts) {
            pieces.push(stream.subarray(offset, offset + cut));
            offset += cut;
          }
          pieces.push(stream.subarray(offset));
          expect(same(frame(pieces.filter(({ length }) => length > 0)), stream)).toBe(true);
        },
      ),
      { numRuns: 100 },
    );
  });

  it('comes out in whole messages only', () => {
    const framer = new BackendFramer();
    expect(framer.push(authenticationOk.subarray(0, 8))).toBeUndefined();
    expect(framer.push(Buffer.concat([authenticationOk.subarray(8), ready.subarray(0, 3)]))).toEqual(
      authenticationOk,
    );
    expect(framer.push(ready.subarray(3))).toEqual(ready);
  });
});

describe('what breaks the protocol is refused', () => {
  const description = message(
    'T',
    Buffer.concat([Buffer.from([0, 1]), Buffer.from('a\0'), Buffer.alloc(18)]),
  );
  it.each<[string, Buffer[], string]>([
    ['an error without its last NUL (pg-protocol loops for ever)', [message('E', 'SERROR\0M')], 'MALFORMED'],
    ['a notice with an unterminated field', [message('N', 'SNOTICE')], 'MALFORMED'],
    ['an error with bytes behind its end', [message('E', '\0x')], 'MALFORMED'],
    ['a negative field count (pg-protocol throws)', [...loggedIn, message('T', [0xff, 0xff])], 'MALFORMED'],
    ['a row before its description', [...loggedIn, message('D', [0, 0])], 'MALFORMED'],
    [
      'a row of another width',
      [...loggedIn, description, message('D', [0, 2, 255, 255, 255, 255, 255, 255, 255, 255])],
      'MALFORMED',
    ],
    [
      'a value longer than its row',
      [...loggedIn, description, message('D', [0, 1, 0, 0, 0, 9, 65])],
      'MALFORMED',
    ],
    [
      'a value of length -2',
      [...loggedIn, description, message('D', [0, 1, 255, 255, 255, 254])],
      'MALFORMED',
    ],
    ['a length of 2 GiB', [...loggedIn, Buffer.from([0x44, 0x7f, 0xff, 0xff, 0xff])], 'LENGTH'],
    ['a length above 1 MiB during the login', [Buffer.from([0x4e, 0, 0x20, 0, 0])], 'LENGTH'],
    ['a length below its own size', [Buffer.from([0x52, 0, 0, 0, 3])], 'LENGTH'],
    ['rows during the login', [message('D', [0, 0])], 'MALFORMED'],
    ['a second login', [...loggedIn, authenticationOk], 'MALFORMED'],
    ['a type that does not exist', [...loggedIn, message('%', '')], 'MALFORMED'],
    ['HTTP', [Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')], 'LENGTH'],
    ['MySQL', [Buffer.from([0x4a, 0, 0, 0, 0x0a, 0x38, 0x2e])], 'MALFORMED'],
    ['an unknown transaction state', [authenticationOk, message('Z', 'X')], 'MALFORMED'],
    ['a parameter without a value', [message('S', 'a\0')], 'MALFORMED'],
    ['a short cancel key', [message('K', [0, 0, 0, 1])], 'MALFORMED'],
    ['a question for an MD5 password', [message('R', [0, 0, 0, 5, 1, 2, 3, 4])], 'NOT_IAM'],
    ['a question for a SCRAM password', [message('R', [0, 0, 0, 10, 83, 0, 0])], 'NOT_IAM'],
  ])('%s', (_what, pieces, code) => {
    expect(frame(pieces)).toBe(code);
    expect(frame([...Buffer.concat(pieces)].map((byte) => Buffer.from([byte])))).toBe(code);
  });

  it('without taking memory that was only claimed', () => {
    const framer = new BackendFramer();
    const before = process.memoryUsage().arrayBuffers;
    framer.push(Buffer.concat(loggedIn));
    framer.push(Buffer.from([0x44, 0x0f, 0xff, 0xff, 0xff, 0, 0]));
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(4 * 1024 * 1024);
  });
});

it('no mutation of a real stream hangs or crashes pg behind the guard', async () => {
  const host = createTestHost();
  const script = await bundleScript(
    new URL('./fuzz-worker.ts', import.meta.url).pathname,
    host.directories.temporary,
  );
  const beat = new SharedArrayBuffer(4);
  const seed = 1 + Math.floor(Math.random() * 0x7fff_fffe);
  const short = streams.filter(({ length }) => length < 20_000);
  const worker = new Worker(script, { workerData: { streams: short, count: 6_000, seed, beat } });
  const counter = new Int32Array(beat);
  let last = -1;
  const result = await new Promise<Record<string, unknown>>((resolve, reject) => {
    // An endless loop stops the worker's own timers: only another thread can see it.
    const watchdog = setInterval(() => {
      const now = Atomics.load(counter, 0);
      if (now === last) resolve({ hang: now });
      last = now;
    }, 5_000);
    worker.on('message', (outcome) => {
      clearInterval(watchdog);
      resolve(outcome);
    });
    worker.on('error', reject);
  });
  await worker.terminate();
  host.dispose();
  expect(result, `seed ${seed}`).toEqual({
    refused: expect.any(Number),
    served: expect.any(Number),
    slowest: expect.any(Number),
  });
  expect(result.refused, `seed ${seed}`).toBeGreaterThan(1_000);
}, 60_000);
