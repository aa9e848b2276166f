import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { csvFormat } from '../../src/db/format-csv.ts';
import { expandedFormat } from '../../src/db/format-expanded.ts';
import { jsonFormat, ndjsonFormat } from '../../src/db/format-json.ts';
import { tableFormat } from '../../src/db/format-table.ts';
import type { ResultFormat } from '../../src/db/result-format.ts';
import { type QueryRun, type QuerySession, runQuery } from '../../src/db/run-query.ts';
import { ForgeError } from '../../src/errors.ts';
import { type PlainPostgres, psqlInstalled, startPlainPostgres } from '../support/plain-postgres.ts';
import { slowness } from '../support/slowness.ts';

let postgres: PlainPostgres;
beforeAll(async () => {
  postgres = await startPlainPostgres();
}, 60_000);
afterAll(async () => {
  await postgres[Symbol.asyncDispose]();
});

const plain = { header: true, nullText: '' };

interface Ran {
  readonly out: string;
  readonly tags: readonly string[];
  readonly error: ForgeError | undefined;
}

async function run(
  session: QuerySession,
  sql: string,
  format: ResultFormat = csvFormat(plain),
  more: Partial<QueryRun> = {},
): Promise<Ran> {
  const chunks: Buffer[] = [];
  const tags: string[] = [];
  const error = await runQuery(session, {
    source: { sql, file: undefined },
    values: [],
    format,
    sink: async (chunk) => void chunks.push(Buffer.from(chunk)),
    signal: new AbortController().signal,
    facts: { target: 'dev', writeHint: 'Add --write.', timeoutHint: 'Take longer.' },
    onTag: (tag) => tags.push(tag),
    ...more,
  }).then(
    () => undefined,
    (failure: unknown) => {
      if (failure instanceof ForgeError) return failure;
      throw failure;
    },
  );
  return { out: Buffer.concat(chunks).toString(), tags, error };
}

async function runOnce(
  ...args: Parameters<typeof run> extends [unknown, ...infer Rest] ? Rest : never
): Promise<Ran> {
  await using session = await postgres.open();
  // Awaited here: the connection closes when this returns.
  return await run(session, ...args);
}

describe.skipIf(!psqlInstalled)('what psql prints (skipped without psql)', { timeout: 20_000 }, () => {
  const corpus = [
    `select null as n, '' as empty, 'x' as text, 1 as int`,
    `select 'a"b' as quotes, 'a,b' as comma, E'line\\nfeed' as lines, E'cr\\rlf' as cr, E'tab\\tbed' as tab`,
    `select 'é日本語' as wide, 'z' as narrow union all select 'e', 'longer'`,
    `select array[1,2,null]::int[] as ints, array['a','b c','"',null,'NULL'] as texts, '{}'::text[] as none`,
    `select '{"a": [1, 2.50, null]}'::json as j, '{"b":1,"a":"x"}'::jsonb as jb, '\\xdeadbeef'::bytea as bytes`,
    `select '2026-11-21 12:34:56.789+02'::timestamptz as tz, '2026-11-21'::date as d, '25:00'::interval as i, 'infinity'::timestamp as inf`,
    `select 'NaN'::numeric as n1, 'Infinity'::numeric as n2, 1e-30::numeric as tiny, 12345678901234567890.123456789 as big, -0.0::float8 as zero`,
    `select 'NaN'::float8, '-Infinity'::float4, 0.1::float8 + 0.2, 1e300::float8, 9223372036854775807, true, false`,
    `select '10.0.0.0/8'::inet, '08:00:2b:01:02:03'::macaddr, '(1,2)'::point, '[1,5)'::int4range, 'f0000000-0000-4000-8000-000000000000'::uuid`,
    `select 1 as "a b", 2 as "a,b", 3 as "a""b", 4 as "ünï", 5 as "1"`,
    `select`,
    `select 1 where false`,
    `select n, repeat('x', n) as grows, case when n % 2 = 0 then n end as some from generate_series(1, 40) n`,
    `select 1; select 'two' as b; select 3 where false`,
    String.raw`select '\.' as end_of_copy, E'\\N' as slash_n`,
    `select E'several\\nlines\\nhere' as a, 1 as n, E'other\\nlines' as b union all select 'one', 22, null`,
    `select E'last\\nhas lines' as a, 'x' as "name\nwith line"`,
    `select 'é' as combining, '🙂' as emoji`,
    `values (1, 'a'), (2, 'b')`,
    `show server_version`,
    `create temp table t(a int); insert into t values (1), (2) returning a`,
    `explain (costs off) select 1`,
  ];
  const single = corpus.filter((sql) => !/;/.test(sql));

  it.each(single)('csv: %s', async (sql) => {
    expect((await runOnce(sql)).out).toBe(postgres.psql('--csv', '-c', sql));
  });

  it.each(single)('csv without a head, with a null text: %s', async (sql) => {
    const { out } = await runOnce(sql, csvFormat({ header: false, nullText: '<null>' }));
    expect(out).toBe(postgres.psql('--csv', '-t', '-P', 'null=<null>', '-c', sql));
  });

  it.each(corpus)('table: %s', async (sql) => {
    const { out, tags } = await runOnce(sql, tableFormat(plain));
    // psql mixes the tags of statements into its result; forge says them on stderr.
    const printed = postgres.psql('-c', sql);
    const expected = tags.reduce((text, tag) => text.replace(`${tag}\n`, ''), printed);
    expect(out).toBe(expected);
  });

  it.each(corpus)('expanded: %s', async (sql) => {
    const { out, tags } = await runOnce(sql, expandedFormat(plain));
    const printed = postgres.psql('-x', '-c', sql);
    const expected = tags.reduce((text, tag) => text.replace(`${tag}\n`, ''), printed);
    expect(out).toBe(expected);
  });

  it('raw COPY … TO STDOUT', async () => {
    const sql = `copy (select n, E'a\\tb\\\\' || n, null from generate_series(1, 5000) n) to stdout`;
    expect((await runOnce(sql)).out).toBe(postgres.psql('-c', sql));
  });
});

describe('results', () => {
  it('json is exact, and duplicate names keep all values', async () => {
    const { out } = await runOnce(
      `select 9223372036854775807 as n, 0.10 as n, 'NaN'::float8 as f, null as z, '{"k": 1.00}'::jsonb as j, '{1,2}'::int[] as a`,
      jsonFormat(),
    );
    expect(out).toBe(
      '[\n{"n":9223372036854775807,"n_2":0.10,"f":"NaN","z":null,"j":{"k": 1.00},"a":"{1,2}"}\n]\n',
    );
  });

  it('a domain counts as the type under it', async () => {
    const { out } = await runOnce(
      `create domain pg_temp.cents as bigint; select 5::pg_temp.cents as c`,
      ndjsonFormat(),
    );
    expect(out).toBe('{"c":5}\n');
  });

  it('parameters are values, never SQL, and go in order', async () => {
    const { out } = await runOnce(`select $1::int + 1 as a, $2 || '!' as b`, jsonFormat(), {
      values: ['41', `'; drop table x; --`],
    });
    expect(JSON.parse(out)).toEqual([{ a: 42, b: `'; drop table x; --!` }]);
  });

  it('a parameterised statement that fails leaves the connection usable', async () => {
    await using session = await postgres.open();
    expect((await run(session, 'select $1::int', undefined, { values: ['x'] })).error?.code).toBe(
      'SQLSTATE_22P02',
    );
    expect((await run(session, 'select 1 as n')).out).toBe('n\n1\n');
  });

  it('statements without rows say what they did, and RETURNING both', async () => {
    const { out, tags } = await runOnce(
      'create temp table t(a int); insert into t values (1),(2) returning a; update t set a = 3; select 7 as n',
      tableFormat(plain),
    );
    expect(tags).toEqual(['CREATE TABLE', 'INSERT 0 2', 'UPDATE 2']);
    expect(out).toContain('(2 rows)');
  });

  it('nothing at all is fine', async () => {
    for (const sql of ['', ' ', ';', '-- just a comment', '/* and another */;']) {
      const { out, error, tags } = await runOnce(sql, jsonFormat());
      expect({ out, error, tags }).toEqual({ out: '[]\n', error: undefined, tags: [] });
    }
  });

  it('a second result is refused where the format holds one, and printed where it holds many', async () => {
    await using session = await postgres.open();
    for (const format of [csvFormat(plain), jsonFormat()]) {
      const { error, out } = await run(session, 'select 1 as a; select 2 as b', format);
      expect(error).toMatchObject({ kind: 'usage', code: 'MANY_RESULTS' });
      expect(out).not.toContain('b');
    }
    expect((await run(session, 'select 1 as a; select 2 as b', ndjsonFormat())).out).toBe(
      '{"a":1}\n{"b":2}\n',
    );
  });

  it('a script is one transaction', async () => {
    await using session = await postgres.open();
    await run(session, 'create temp table t(a int)');
    expect((await run(session, 'insert into t values (1); select 1/0')).error?.code).toBe('SQLSTATE_22012');
    expect((await run(session, 'select count(*) as n from t')).out).toBe('n\n0\n');
  });

  it('rows arrive while the query still runs', async () => {
    await using session = await postgres.open();
    const seen: string[] = [];
    const started = performance.now();
    let first = 0;
    await run(
      session,
      `select repeat('x', 9000) as x from generate_series(1, 4) n, lateral pg_sleep(0.3 + n * 0)`,
      csvFormat(plain),
      {
        sink: async (chunk) => {
          if (seen.push(String(chunk)) === 2) first = performance.now() - started;
        },
      },
    );
    expect(first).toBeGreaterThan(0);
    // Two more rows of 300 ms each were still to come.
    expect(performance.now() - started - first).toBeGreaterThan(300);
  });
});

describe('failures', () => {
  it.each([
    [
      'select * from nope',
      'failed',
      'SQLSTATE_42P01',
      /line 1, column 15:\n {2}select \* from nope\n {16}\^/,
    ],
    ['selec 1', 'failed', 'SQLSTATE_42601', /syntax error at or near "selec" \(SQLSTATE 42601\)/],
    [
      "select 1,\n\t'é日本' || nope",
      'failed',
      'SQLSTATE_42703',
      /line 2, column 11:\n {3}'é日本' \|\| nope\n {14}\^/,
    ],
    [
      "do $$ begin raise exception 'boo' using detail = 'why', hint = 'what'; end $$",
      'failed',
      'SQLSTATE_P0001',
      /boo.*\nDetail: why\nContext: PL\/pgSQL/,
    ],
    ['set transaction read only; create table x()', 'failed', 'SQLSTATE_25006', /read-only transaction/],
    ['set role pg_monitor; select * from pg_authid', 'denied', 'SQLSTATE_42501', /permission denied for/],
    ['copy pg_class from stdin', 'usage', 'COPY_FROM_STDIN', /COPY … FROM STDIN/],
  ])('%s', async (sql, kind, code, message) => {
    const { error, out } = await runOnce(sql);
    expect(error).toMatchObject({ kind, code });
    expect(error?.message).toMatch(message);
    expect(error?.message).not.toContain('incomplete');
    expect(out).toBe('');
  });

  it('hints: the server’s own, or how to write', async () => {
    const hint = (await runOnce("do $$ begin raise exception 'boo' using hint = 'what'; end $$")).error?.hint;
    expect(hint).toBe('what');
    const readOnly = await runOnce('set transaction read only; create table x()');
    expect(readOnly.error?.hint).toBe('This connection is read-only. Add --write.');
    const slow = await runOnce("set statement_timeout = '50ms'; select pg_sleep(5)");
    expect(slow.error).toMatchObject({ code: 'SQLSTATE_57014', hint: 'Take longer.' });
  });

  it('a failure after rows says that the output is incomplete, and leaves JSON open', async () => {
    const { error, out } = await runOnce(
      `select 1 / (50000 - n) as n from generate_series(1, 100000) n`,
      jsonFormat(),
    );
    expect(error?.message).toContain('The output is incomplete.');
    expect(out.split('\n').length).toBeGreaterThan(40_000);
    expect(() => JSON.parse(out)).toThrow();
  });

  it('a long line is shown around the place', async () => {
    const { error } = await runOnce(`select ${'1 + '.repeat(200)} nope, ${'2, '.repeat(200)} 3`);
    const [, line = '', caret = ''] = error?.message.split('\n') ?? [];
    expect(line.length).toBeLessThan(110);
    expect(line.slice(caret.indexOf('^'))).toMatch(/^nope/);
  });

  it('a server that ends says so: exit 6', async () => {
    await using session = await postgres.open();
    await using other = await postgres.open();
    const failing = run(session, 'select n, pg_sleep(0.001) from generate_series(1, 100000) n');
    await sleep(200);
    await other.client.query('select pg_terminate_backend($1)', [session.pid]);
    const { error } = await failing;
    expect(error).toMatchObject({ kind: 'unreachable', code: 'CONNECTION_LOST', exitCode: 6 });
    expect(error?.message).toContain('terminating connection due to administrator command');
  });

  it('a connection that is just gone, too', async () => {
    await using session = await postgres.open();
    const failing = run(session, 'select pg_sleep(10)');
    await sleep(100);
    (
      session.client as unknown as { connection: { stream: { destroy(): void } } }
    ).connection.stream.destroy();
    expect((await failing).error).toMatchObject({ kind: 'unreachable', code: 'CONNECTION_LOST' });
  });
});

describe('stopping', () => {
  async function running(pid: number): Promise<boolean> {
    await using other = await postgres.open();
    const { rows } = await other.client.query(
      `select 1 from pg_stat_activity where pid = $1 and state = 'active'`,
      [pid],
    );
    return rows.length > 0;
  }

  it('a signal cancels on the server within 500 ms', async () => {
    await using session = await postgres.open();
    const controller = new AbortController();
    const ran = run(session, 'select pg_sleep(60)', undefined, { signal: controller.signal });
    await expect.poll(() => running(session.pid)).toBe(true);
    const started = performance.now();
    controller.abort('SIGINT');
    const { error, out } = await ran;
    const took = performance.now() - started;
    expect(took).toBeLessThan(500 * (await slowness()));
    expect(await running(session.pid)).toBe(false);
    expect(error).toMatchObject({ kind: 'interrupted', exitCode: 130 });
    expect(error?.message).toBe('Interrupted; the query was cancelled on the server.');
    expect(out).toBe('');
  });

  it('also while rows pour and nobody reads them', async () => {
    await using session = await postgres.open();
    const controller = new AbortController();
    const ran = run(session, `select repeat('x', 1000) from generate_series(1, 10000000)`, undefined, {
      signal: controller.signal,
      sink: () =>
        new Promise((_resolve, reject) =>
          controller.signal.addEventListener('abort', () => reject(new Error('gone'))),
        ),
    });
    await expect.poll(() => running(session.pid)).toBe(true);
    await sleep(300);
    const started = performance.now();
    controller.abort('SIGTERM');
    expect((await ran).error).toMatchObject({ kind: 'terminated', exitCode: 143 });
    const took = performance.now() - started;
    expect(took).toBeLessThan(1_000 * (await slowness()));
    expect(await running(session.pid)).toBe(false);
  });

  it('the time limit does', async () => {
    await using session = await postgres.open();
    const { error } = await run(session, 'select pg_sleep(60)', undefined, { timeoutMilliseconds: 200 });
    expect(error).toMatchObject({ kind: 'time-up', code: 'QUERY_TIMED_OUT' });
    expect(error?.message).toBe('The time limit of 0.2 s is over; the query was cancelled on the server.');
    expect(await running(session.pid)).toBe(false);
    expect((await run(session, 'select 1 as n')).out).toBe('n\n1\n');
  });

  it('a sink that fails does, once', async () => {
    let cancels = 0;
    await using session = await postgres.open({ onCancel: () => cancels++ });
    const { error } = await run(session, 'select * from generate_series(1, 10000000) n', undefined, {
      sink: () => Promise.reject(new Error('disk full')),
    });
    expect(error?.message).toContain('disk full');
    expect(cancels).toBe(1);
  });

  it('a connection that ends meanwhile is not taken for a query that failed', async () => {
    await using session = await postgres.open();
    const controller = new AbortController();
    const cut: QuerySession = {
      client: session.client,
      // As a gate that has lost its server, or is being closed, says it: FATAL.
      async cancel() {
        await using other = await postgres.open();
        await other.client.query('select pg_terminate_backend($1)', [session.pid]);
      },
    };
    const ran = run(cut, 'select pg_sleep(60)', undefined, { signal: controller.signal });
    await expect.poll(() => running(session.pid)).toBe(true);
    controller.abort('SIGINT');
    expect((await ran).error?.message).toBe(
      'Interrupted; the connection was lost, and the server may still be at it.',
    );
  });

  it('a server that ignores the cancel is left after three seconds', async () => {
    await using session = await postgres.open();
    const controller = new AbortController();
    const deaf: QuerySession = {
      client: session.client,
      cancel: () => Promise.reject(new Error('no route')),
    };
    const ran = run(deaf, 'select pg_sleep(60)', undefined, { signal: controller.signal });
    await sleep(100);
    controller.abort('SIGINT');
    const { error } = await ran;
    expect(error?.kind).toBe('interrupted');
    expect(error?.message).toBe('Interrupted; the server did not answer the cancel, and may still be at it.');
  }, 10_000);
});
