import { afterAll, beforeAll, expect, describe as group, it } from 'vitest';
import { frame } from '../../../src/db/proxy/server-messages.ts';
import { corpus } from './corpus.ts';
import { type ProxyStage, startProxyStage } from './proxy-stage.ts';
import {
  bind,
  close,
  comparable,
  describe,
  essence,
  execute,
  flush,
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

/** Sends, and what must have come before the next. */
type Step = readonly [Buffer, string];

async function answers(folder: string, steps: readonly Step[], look = comparable): Promise<string[][]> {
  using client = await RawClient.open(folder);
  const all = [look(client.messages)];
  for (const [bytes, until] of steps) {
    client.send(bytes);
    all.push(look(await client.until(until)));
  }
  return all;
}

async function expectSame(
  steps: readonly Step[],
  names: readonly string[] = [],
  look = comparable,
): Promise<void> {
  const [direct, proxied] = [
    await answers(stage.direct, steps, look),
    await answers(stage.proxy.endpoint.host, steps, look),
  ];
  for (const [index, answer] of direct.entries())
    if (JSON.stringify(answer) !== JSON.stringify(proxied[index]))
      expect(proxied[index], names[index - 1] ?? `step ${index}`).toEqual(answer);
  expect(proxied.length).toBe(direct.length);
}

const extended = (sql: string, binaryResult: boolean): Buffer =>
  Buffer.concat([parse(sql), bind({ binaryResult }), describe('P'), execute(), sync]);

group('a corpus of statements', () => {
  it('has more than 500 runs', () => expect(3 * corpus.length).toBeGreaterThan(600));

  it('in the simple protocol', () =>
    expectSame(
      corpus.map((sql) => [query(sql), 'Z']),
      corpus,
    ));

  it('in the extended protocol, as text', () =>
    expectSame(
      corpus.map((sql) => [extended(sql, false), 'Z']),
      corpus,
    ));

  it('in the extended protocol, binary', () =>
    expectSame(
      corpus.map((sql) => [extended(sql, true), 'Z']),
      corpus,
    ));

  it('all at once, in one pipeline with a Sync each', () => {
    const quick = corpus.filter((sql) => !/pg_sleep|client_encoding|copy/i.test(sql));
    return expectSame([[Buffer.concat(quick.map((sql) => extended(sql, false))), 'Z'.repeat(quick.length)]]);
  });

  it('all at once, in one pipeline with one Sync at its end', () => {
    const good = corpus
      .filter((sql) => /^(select|values|show)/.test(sql) && !/;|pg_sleep|1\/0/.test(sql))
      .slice(0, 60);
    const message = (sql: string) => extended(sql, false).subarray(0, -5);
    return expectSame([[Buffer.concat([...good.map(message), sync]), 'Z']]);
  });

  it('cut into single bytes', async () => {
    const bytes = Buffer.concat([extended('select 1, $$abc$$', false), query('select 2; select nope'), sync]);
    await expectSame(
      [...bytes].map((byte, index) => [Buffer.from([byte]), index === bytes.length - 1 ? 'ZZZ' : '']),
    );
  });
});

group('traces of the extended protocol', () => {
  const traces: Record<string, readonly Step[]> = {
    'named statement, executed again and again': [
      [Buffer.concat([parse('select $1::int + 1', 's1'), describe('S', 's1'), sync]), 'Z'],
      [Buffer.concat([bind({ statement: 's1', values: ['1'] }), execute(), sync]), 'Z'],
      [Buffer.concat([bind({ statement: 's1', values: [null] }), describe('P'), execute(), sync]), 'Z'],
      [Buffer.concat([bind({ statement: 's1', values: ['x'] }), execute(), sync]), 'Z'],
      [Buffer.concat([parse('select 2', 's1'), sync]), 'Z'],
      [Buffer.concat([close('S', 's1'), bind({ statement: 's1', values: ['1'] }), execute(), sync]), 'Z'],
    ],
    'binary parameters': [
      [
        Buffer.concat([
          parse('select $1::int4, $2::bytea'),
          bind({
            values: [Buffer.from([0, 0, 0, 7]), Buffer.from([0, 255])],
            binary: true,
            binaryResult: true,
          }),
          execute(),
          sync,
        ]),
        'Z',
      ],
    ],
    'a portal that is suspended': [
      [query('begin'), 'Z'],
      [
        Buffer.concat([
          parse('select generate_series(1, 10)'),
          bind({ portal: 'p' }),
          execute('p', 3),
          execute('p', 3),
          execute('p', 1),
          sync,
        ]),
        'Z',
      ],
      [Buffer.concat([execute('p', 100), execute('p', 0), close('P', 'p'), execute('p'), sync]), 'Z'],
      [query('rollback'), 'Z'],
    ],
    'a suspended portal ends with its implicit transaction': [
      [Buffer.concat([parse('select generate_series(1, 10)'), bind(), execute('', 3), sync]), 'Z'],
      [Buffer.concat([execute('', 3), sync]), 'Z'],
    ],
    'flush instead of sync': [
      [Buffer.concat([parse('select 1'), describe('S'), flush]), 'T'],
      [Buffer.concat([bind(), flush]), '2'],
      [Buffer.concat([execute(), flush]), 'C'],
      [sync, 'Z'],
    ],
    'an error skips up to the sync, queries too': [
      [
        Buffer.concat([
          parse('select 1'),
          bind(),
          execute(),
          parse('select nope'),
          bind(),
          execute(),
          query('select 2'),
          parse('select 3', 'kept'),
          sync,
          parse('select 4'),
          bind(),
          execute(),
          sync,
        ]),
        'ZZ',
      ],
      [Buffer.concat([bind({ statement: 'kept' }), sync]), 'Z'],
    ],
    'an error skips also what is sent after its answer has come': [
      [Buffer.concat([parse('select nope'), flush]), 'E'],
      [Buffer.concat([parse('select 1'), bind(), execute(), flush, query('select 2'), sync]), 'Z'],
      [query('select 3'), 'Z'],
    ],
    'a portal and a statement of SQL': [
      [query('prepare sqlmade as select 7; begin; declare k cursor for select generate_series(1, 3)'), 'Z'],
      [Buffer.concat([bind({ statement: 'sqlmade' }), execute(), execute('k', 2), execute('k'), sync]), 'Z'],
      [query('end'), 'Z'],
    ],
    'a deferred constraint fails at the sync': [
      [query('create temp table d (a int primary key deferrable initially deferred)'), 'Z'],
      [Buffer.concat([parse('insert into d values (1), (1)'), bind(), execute(), sync]), 'Z'],
      [query('select * from d'), 'Z'],
    ],
    'function calls': [
      [call(1397, ['-5']), 'Z'],
      [call(1397, ['x']), 'Z'],
      [call(4_000_000_000, []), 'Z'],
      [Buffer.concat([call(1397, ['-6']), call(1397, ['-7'])]), 'ZZ'],
    ],
    'COPY in, simple': [
      [query('create temp table i (a int, b text)'), 'Z'],
      [query('copy i from stdin'), 'G'],
      [Buffer.concat([frame('d', '1\tone\n2\tt'), frame('d', 'wo\n'), frame('c', '')]), 'Z'],
      [query('copy i from stdin'), 'G'],
      [Buffer.concat([frame('d', '1\tone\n'), frame('f', 'not now\0')]), 'Z'],
      [query('copy i from stdin'), 'G'],
      [Buffer.concat([frame('d', 'x\tone\n'), frame('d', '3\tt\n'), frame('c', '')]), 'Z'],
      [query('copy i from stdin'), 'G'],
      [Buffer.concat([frame('d', '3\tt\n'), sync, flush, frame('d', '4\tt\n'), frame('c', '')]), 'Z'],
      [query('copy i from stdin; select 5; copy i from stdin'), 'G'],
      [frame('c', ''), 'G'],
      [frame('c', ''), 'Z'],
      [query('copy i to stdout'), 'Z'],
      [query('copy i from stdin'), 'G'],
      [query('select 1'), 'Z'],
      [query('copy i to stdout (format binary)'), 'Z'],
    ],
    'COPY in, extended': [
      [query('create temp table i (a int, b text)'), 'Z'],
      [Buffer.concat([parse('copy i from stdin'), bind(), execute(), sync]), 'G'],
      [Buffer.concat([frame('d', '1\tone\n'), frame('c', ''), sync]), 'Z'],
      [Buffer.concat([parse('copy i from stdin'), bind(), execute(), flush]), 'G'],
      [Buffer.concat([frame('d', '1\tone\n'), frame('c', ''), sync]), 'Z'],
      [Buffer.concat([parse('copy i from stdin'), bind(), execute(), sync]), 'G'],
      [Buffer.concat([frame('d', 'x\tone\n'), frame('c', ''), sync]), 'Z'],
      [query('select count(*) from i'), 'Z'],
      [Buffer.concat([parse('copy i from stdin'), bind(), execute(), sync]), 'G'],
      [Buffer.concat([parse('select 1'), bind(), sync]), 'Z'],
      [query('select count(*) from i'), 'Z'],
    ],
    'copy messages outside of a COPY': [
      [Buffer.concat([frame('d', 'x'), frame('c', ''), frame('f', 'x\0'), query('select 1')]), 'Z'],
      [Buffer.concat([parse('select 1'), frame('c', ''), bind(), execute(), sync]), 'Z'],
    ],
  };
  it.each(Object.keys(traces))('%s', (name) => expectSame(traces[name] ?? []));

  const violations: Record<string, readonly Step[]> = {
    'messages that are malformed': [
      [Buffer.concat([frame('P', 'no end'), sync]), 'Z'],
      [Buffer.concat([parse('select 1'), frame('B', '\0\0'), sync]), 'Z'],
      [Buffer.concat([frame('D', 'X\0'), sync]), 'Z'],
      [Buffer.concat([frame('Q', 'select 1\0 \0')]), 'Z'],
    ],
    'a type that no client sends': [[frame('y', 'x'), 'Z']],
  };
  it.each(Object.keys(violations))('%s: refused alike', (name) =>
    expectSame(violations[name] ?? [], [], essence),
  );

  it('parameters of any size pass', async () => {
    const values = [Buffer.alloc(20_000_000, 'z'), Buffer.from('end')];
    await expectSame([
      [Buffer.concat([parse('select md5($1), $2'), bind({ values }), execute(), sync]), 'Z'],
      [query('select 1'), 'Z'],
    ]);
  });

  it('COPY of many megabytes, with an end that is refused', async () => {
    const rows = Buffer.from(`${'abcdefgh'.repeat(1000)}\n`.repeat(1000));
    await expectSame([
      [query('create temp table w (a text check (a <> $$no$$))'), 'Z'],
      [query('copy w from stdin'), 'G'],
      [
        Buffer.concat([
          frame('d', rows),
          frame('d', rows),
          frame('d', 'no\n'),
          frame('d', rows),
          frame('c', ''),
        ]),
        'Z',
      ],
      [query('copy w from stdin'), 'G'],
      [Buffer.concat([frame('d', rows), frame('c', '')]), 'Z'],
      [query('copy w to stdout'), 'Z'],
    ]);
  });
});

/** FunctionCall with arguments and result as text. */
function call(oid: number, values: readonly string[]): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt32BE(oid);
  head.writeUInt16BE(0, 4);
  head.writeUInt16BE(values.length, 6);
  const parts = values.map((value) => {
    const part = Buffer.alloc(4 + value.length);
    part.writeInt32BE(value.length);
    part.write(value, 4);
    return part;
  });
  return frame('F', Buffer.concat([head, ...parts, Buffer.from([0, 0])]));
}
