import { once } from 'node:events';
import pg from 'pg';
import Cursor from 'pg-cursor';
import QueryStream from 'pg-query-stream';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type ProxyStage, stageTarget, startProxyStage } from './proxy-stage.ts';
import {
  bind,
  close,
  comparable,
  describe,
  errorField,
  execute,
  parse,
  query,
  RawClient,
  sync,
} from './raw-client.ts';

let stage: ProxyStage;
beforeAll(async () => {
  stage = await startProxyStage();
}, 60_000);
afterAll(() => stage[Symbol.asyncDispose]());

async function connected(host = stage.proxy.endpoint.host, pipeline = false): Promise<pg.Client> {
  // pg 8.23 knows `pipeline`, its types do not.
  const options = { host, ...stageTarget, password: '', pipeline };
  const client = new pg.Client(options);
  await client.connect();
  return client;
}

const outcomesOf = (sql: string) =>
  stage.watcher.outcomes.filter(({ statement }) => statement.sql === sql && statement.kind === 'bind');

it('pg: a cursor read in portions, and closed early', async () => {
  const client = await connected();
  const sql = 'select g from generate_series(1, $1::int) g';
  const cursor = client.query(new Cursor<{ g: number }>(sql, [10]));
  expect((await cursor.read(4)).map(({ g }) => g)).toEqual([1, 2, 3, 4]);
  expect((await cursor.read(3)).map(({ g }) => g)).toEqual([5, 6, 7]);
  await cursor.close();
  expect((await client.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
  await client.end();
  await expect
    .poll(() => outcomesOf(sql).map(({ end, rows }) => [end, rows]))
    .toEqual([
      ['suspended', 4],
      ['suspended', 3],
    ]);
});

it('pg: a query stream of many rows, read slowly, and one that is left', async () => {
  const client = await connected();
  const sql = 'select g, repeat($$x$$, 200) as wide from generate_series(1, 20000) g';
  let sum = 0;
  for await (const { g } of client.query(new QueryStream(sql, [], { batchSize: 500 }))) {
    sum += g;
    if (g % 1000 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  expect(sum).toBe((20_000 * 20_001) / 2);
  const left = client.query(new QueryStream(sql, [], { batchSize: 10 }));
  for await (const { g } of left) if (g === 15) break;
  expect((await client.query('select 2 as two')).rows).toEqual([{ two: 2 }]);
  await client.end();
  const outcomes = outcomesOf(sql);
  expect(outcomes.filter(({ end }) => end === 'suspended').length).toBeGreaterThanOrEqual(41);
  expect(outcomes.filter(({ end }) => end === 'done')).toHaveLength(1);
});

it('pg: pipelining, with names and errors', async () => {
  const answers = async (host: string) => {
    const client = await connected(host, true);
    const all = Array.from({ length: 200 }, async (_, index) => {
      if (index % 50 === 49)
        return client.query('select 1 / $1::int', [0]).catch(({ code }: { code: string }) => code);
      const named = { name: `s${index % 7}`, text: `select $1::int + ${index % 7} as n`, values: [index] };
      return (await client.query<{ n: number }>(named)).rows;
    });
    const found = await Promise.all(all);
    await client.end();
    return found;
  };
  const direct = await answers(stage.direct);
  expect(direct[0]).toEqual([{ n: 0 }]);
  expect(direct[49]).toBe('22012');
  expect(await answers(stage.proxy.endpoint.host)).toEqual(direct);
});

/** What pgjdbc sends: [bytes, what must have come before the next]. */
function jdbcTrace(): (readonly [Buffer, string])[] {
  const run = (sql: string) => [parse(sql), bind(), execute('', 1)];
  const piece = (...messages: readonly Buffer[]): readonly [Buffer, string] => [Buffer.concat(messages), 'Z'];
  const select = 'select g, g * 1.5 as half from generate_series(1, $1) g';
  const asked = (portal: string, statement: string, rows: number) => [
    bind({ portal, statement, values: ['12'] }),
    describe('P', portal),
    execute(portal, rows),
  ];
  return [
    // Its set-up, one Sync each.
    piece(...run('SET extra_float_digits = 3'), sync),
    piece(...run("SET application_name = 'PostgreSQL JDBC Driver'"), sync),
    piece(parse('create temp table t (a int primary key, b text)'), bind(), execute(), sync),
    // Autocommit: five times without a name, then as a prepared statement (prepareThreshold).
    ...Array.from({ length: 4 }, () => piece(parse(select), ...asked('', '', 0), sync)),
    piece(parse(select, 'S_1'), describe('S', 'S_1'), ...asked('', 'S_1', 0), sync),
    piece(...asked('', 'S_1', 0), sync),
    // A transaction begins with its first statement; setFetchSize(5) reads a portal with a name.
    piece(parse('BEGIN', 'S_2'), bind({ statement: 'S_2' }), execute('', 0), ...asked('C_3', 'S_1', 5), sync),
    piece(execute('C_3', 5), sync),
    // Between its portions another statement runs, and a second cursor is open.
    piece(parse('insert into t values ($1, $2)'), bind({ values: ['1', 'one'] }), execute('', 1), sync),
    piece(...asked('C_4', 'S_1', 3), sync),
    piece(execute('C_3', 5), sync),
    piece(close('P', 'C_3'), close('P', 'C_4'), sync),
    // autosave=always: a savepoint before each statement, back to it after an error.
    piece(parse('SAVEPOINT PGJDBC_AUTOSAVE', 'S_5'), bind({ statement: 'S_5' }), execute('', 0), sync),
    piece(parse('insert into t values ($1, $2)'), bind({ values: ['1', 'again'] }), execute('', 1), sync),
    piece(
      parse('ROLLBACK TO SAVEPOINT PGJDBC_AUTOSAVE', 'S_6'),
      bind({ statement: 'S_6' }),
      execute('', 0),
      sync,
    ),
    piece(bind({ statement: 'S_5' }), execute('', 0), sync),
    // A batch: one Sync for all, with an error in its midst.
    piece(
      parse('insert into t values ($1, $2)', 'S_7'),
      describe('S', 'S_7'),
      ...['2', '3', '1', '4'].flatMap((a) => [bind({ statement: 'S_7', values: [a, null] }), execute('', 1)]),
      sync,
    ),
    piece(bind({ statement: 'S_6' }), execute('', 0), sync),
    piece(parse('COMMIT', 'S_8'), bind({ statement: 'S_8' }), execute('', 0), sync),
    // The portal is gone with its transaction; a statement that was skipped in an error is not there.
    piece(execute('C_3', 5), sync),
    piece(bind({ statement: 'S_7', values: ['5', 'five'] }), execute('', 1), sync),
    piece(
      close('S', 'S_1'),
      parse('select count(*) from t'),
      ...[bind(), describe('P'), execute('', 0)],
      sync,
    ),
    piece(bind({ statement: 'S_1', values: ['1'] }), execute('', 0), sync),
    [query('select 1; select 2'), 'Z'],
  ];
}

it('a conversation of pgjdbc: names after five uses, fetch size, savepoints, a batch that fails', async () => {
  const answers = async (folder: string) => {
    using client = await RawClient.open(folder, {
      DateStyle: 'ISO',
      TimeZone: 'UTC',
      client_encoding: 'UTF8',
    });
    const all: string[][] = [];
    for (const [bytes, until] of jdbcTrace()) {
      client.send(bytes);
      all.push(comparable(await client.until(until)));
    }
    return all;
  };
  const direct = await answers(stage.direct);
  const before = stage.watcher.outcomes.length;
  const proxied = await answers(stage.proxy.endpoint.host);
  for (const [index, answer] of direct.entries()) expect(proxied[index], `piece ${index}`).toEqual(answer);
  const inserts = stage.watcher.outcomes
    .slice(before)
    .filter(({ statement }) => statement.kind === 'bind' && statement.sql.startsWith('insert'));
  expect(inserts.map(({ end, sqlState }) => sqlState ?? end)).toEqual([
    ...['done', '23505', 'done', 'done', '23505', 'skipped'],
    // S_7 was made before the error, so it stays.
    'done',
  ]);
  const portions = stage.watcher.outcomes
    .slice(before)
    .filter(({ statement, end }) => statement.sql.startsWith('select g') && end === 'suspended');
  expect(portions.map(({ rows }) => rows)).toEqual([5, 5, 3]);
});

it('a value of a gigabyte is refused as the server refuses it, and kept nowhere', async () => {
  const tooLong = 'select repeat($$x$$, 1073741824)::bytea';
  const refusals = async (folder: string) => {
    using client = await RawClient.open(folder);
    client.send(query(tooLong));
    const asked = comparable(await client.until('Z'));
    // A Bind that claims a gigabyte and more: the server goes without reading it.
    const head = Buffer.from([0x42, 0x40, 0, 0, 0x20]);
    client.send(head);
    await client.end();
    return { asked, last: client.messages.at(-1) };
  };
  const direct = await refusals(stage.direct);
  const proxied = await refusals(stage.proxy.endpoint.host);
  expect(proxied.asked).toEqual(direct.asked);
  // The server goes without a word, forge with one.
  expect(direct.last?.type).toBe('Z');
  expect(['S', 'C', 'M'].map((field) => errorField(proxied.last, field))).toEqual([
    ...['FATAL', '08P01', 'invalid message length'],
  ]);
  // One that just fits is passed on while it comes: what the proxy holds is not what it is sent.
  using client = await RawClient.open(stage.proxy.endpoint.host);
  const size = 192 * 1024 * 1024;
  client.send(parse('select length($1::bytea)'));
  const ends = [Buffer.from('\0\0\0\x01\0\x01\0\x01', 'latin1'), Buffer.from([0, 0])] as const;
  const header = Buffer.alloc(5);
  header.write('B');
  header.writeUInt32BE(4 + ends[0].length + 4 + size + ends[1].length, 1);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(size);
  client.send(header, ends[0], length);
  const before = process.memoryUsage().arrayBuffers;
  let most = before;
  const piece = Buffer.alloc(1024 * 1024);
  for (let sent = 0; sent < size; sent += piece.length) {
    if (!client.socket.write(piece)) await once(client.socket, 'drain');
    most = Math.max(most, process.memoryUsage().arrayBuffers);
  }
  client.send(ends[1], execute(), sync);
  const row = (await client.until('Z')).find(({ type }) => type === 'D');
  expect(row?.body.toString('latin1', 6)).toBe(String(size));
  // Who held it would have all of it; what nobody holds is collected when V8 finds the time (70 MB on a busy machine, Node 24).
  expect(most - before).toBeLessThan(size / 2);
}, 30_000);
