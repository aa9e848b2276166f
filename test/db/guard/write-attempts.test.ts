import fc from 'fast-check';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createReadOnlyGuard } from '../../../src/db/guard/read-only-guard.ts';
import { startProxy } from '../../../src/db/proxy/start-proxy.ts';
import type { StatementGuard } from '../../../src/db/proxy/statement.ts';
import type { OpenUpstream } from '../../../src/db/proxy/upstream.ts';
import { type PlainPostgres, type PlainSession, startPlainPostgres } from '../../support/plain-postgres.ts';
import { createTestHost } from '../../support/test-host.ts';
import { NotingWatcher, stageTarget, stageUpstream } from '../proxy/proxy-stage.ts';
import { bind, close, errorField, execute, parse, query, RawClient, sync } from '../proxy/raw-client.ts';
import { checksum, schema, verdict } from './guard-stage.ts';
import { letThrough, spaces, wrappings, writes } from './write-attempts.ts';

let postgres: PlainPostgres;
let owner: PlainSession;
let guard: StatementGuard;
let before: string;
const host = createTestHost();

beforeAll(async () => {
  postgres = await startPlainPostgres();
  owner = await postgres.open();
  await owner.client.query(schema);
  before = await checksum(owner.client);
  guard = await createReadOnlyGuard();
});
afterAll(async () => {
  await owner[Symbol.asyncDispose]();
  await postgres[Symbol.asyncDispose]();
  host.dispose();
});

/** With the settings that forge's own upstream has. */
const readOnlyUpstream = (): OpenUpstream => {
  const open = stageUpstream(postgres.folder);
  return (wishes, signal) => {
    const options = '-c default_transaction_read_only=on -c statement_timeout=5000 -c lock_timeout=200';
    return open({ ...wishes, settings: new Map([...wishes.settings, ['options', options]]) }, signal);
  };
};

async function withClient(
  work: (connect: () => Promise<Client>, folder: string) => Promise<void>,
): Promise<void> {
  const watcher = new NotingWatcher();
  const signal = new AbortController().signal;
  await using proxy = await startProxy(host, {
    endpoint: { kind: 'unix' },
    target: stageTarget,
    upstream: readOnlyUpstream(),
    guard,
    watcher,
    signal,
  });
  const opened: Client[] = [];
  try {
    await work(async () => {
      const client = new Client({
        ...stageTarget,
        host: proxy.endpoint.host,
        port: proxy.endpoint.port,
        password: '',
      });
      client.on('error', () => {});
      await client.connect();
      opened.push(client);
      return client;
    }, proxy.endpoint.host);
  } finally {
    await Promise.all(opened.map((client) => client.end().catch(() => {})));
  }
}

/** The one thing that must be true of every attempt. */
async function nothingWritten(what: string): Promise<void> {
  expect(await checksum(owner.client), what).toBe(before);
}

async function codeOf(client: Client, sql: string, values?: unknown[]): Promise<string | undefined> {
  try {
    await (values === undefined ? client.query(sql) : client.query({ text: sql, values }));
    return undefined;
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
}

let names = 0;
const filled = (text: string) => text.replaceAll('<N>', `n${++names}`);

describe('the guard alone', () => {
  it.each(letThrough)('refuses what the server would let through: %s', async (sql) => {
    const refusal = await verdict(guard, filled(sql));
    expect(refusal).toMatchObject({ sqlState: expect.stringMatching(/^(25006|42601)$/) });
    expect((await verdict(guard, filled(sql), { kind: 'prepare' }))?.sqlState).toBe(refusal?.sqlState);
  });

  it('refuses every write, however it is wrapped, as query, Parse and Bind', async () => {
    for (const write of writes)
      for (const wrapping of wrappings)
        for (const kind of ['query', 'prepare', 'bind'] as const) {
          const sql = filled(wrapping)
            .replaceAll('<W>', () => write)
            .replaceAll('<C>', ' ');
          if (readsAfterAll.test(sql)) continue;
          expect(await verdict(guard, sql, { kind }), sql).toBeDefined();
        }
  });

  it('says which statement, and why', async () => {
    expect(await verdict(guard, 'select 1; delete from canary; select 2')).toEqual({
      sqlState: '25006',
      message: 'Statement 2 of 3 was not sent, for this connection is read-only: DELETE writes.',
      hint: expect.stringContaining('--write'),
    });
    expect((await verdict(guard, 'drop table canary'))?.message).toBe(
      'This statement was not sent, for this connection is read-only: DROP is not for reading.',
    );
  });

  it('refuses where the server may read the text in another way', async () => {
    const hidden = "select 'é\\'; delete from canary; --'";
    expect(await verdict(guard, hidden)).toBeDefined();
    expect(await verdict(guard, "select 'é'", {}, { encoding: 'SJIS' })).toMatchObject({ sqlState: '22021' });
    expect(await verdict(guard, "select 'e'", {}, { encoding: 'SJIS' })).toBeUndefined();
    expect(await verdict(guard, "select '\\'", {}, { standardStrings: false })).toMatchObject({
      sqlState: '42601',
    });
    expect(await verdict(guard, "select ''", {}, { standardStrings: false })).toBeUndefined();
    expect(await verdict(guard, 'select 1', { exact: false })).toMatchObject({ sqlState: '22021' });
    expect(await verdict(guard, 'select 1', {}, { readOnly: false })).toMatchObject({ sqlState: '25006' });
    expect(await verdict(guard, 'select 1', { kind: 'function' })).toMatchObject({ sqlState: '25006' });
  });

  it('does not let a function open the next transaction of the same text', async () => {
    const twice =
      "select runs('set default_transaction_read_only = off'); commit; select runs('delete from canary')";
    expect(await verdict(guard, twice)).toMatchObject({ sqlState: '25006' });
    // Without a call in the text: a view, an operator, a cast, a policy.
    for (const later of [
      'table writing_view',
      "select 'a' ~~~> 'b'",
      "select 'a'::text::evil",
      'copy t to stdout',
    ])
      for (const first of ["select settings('default_transaction_read_only', 'off')", "select 'a' ~~~> 'b'"])
        expect(await verdict(guard, `${first}; commit; ${later}`), later).toMatchObject({
          sqlState: '25006',
        });
    expect(await verdict(guard, 'begin; select writes_quietly(); commit')).toBeUndefined();
  });
});

describe('guard and server', () => {
  it('let none of thousands of attempts write', { timeout: 120_000 }, async () => {
    await withClient(async (connect) => {
      let client = await connect();
      const write = fc.constantFrom(
        ...writes,
        ...letThrough,
        'select writes_quietly()',
        'select writes_as_owner()',
        "select runs('update canary set word = null')",
        "select runs('create table x ()')",
        'select plus_writes(c) from canary c',
        "select runs('set transaction_read_only = off')",
        'select c.plus_writes from canary c limit 1',
      );
      const attempt = fc
        .tuple(
          fc.constantFrom(...wrappings),
          write,
          fc.array(fc.constantFrom(...spaces), { minLength: 4, maxLength: 4 }),
          fc.boolean(),
          fc.boolean(),
        )
        .map(([wrapping, inner, gaps, upper, extended]) => {
          let index = 0;
          const spaced = wrapping.replaceAll('<C>', () => gaps[index++] ?? ' ');
          // White space everywhere is where comments can stand.
          const said = (upper ? inner.replace(/^\w+/, (word) => word.toUpperCase()) : inner).replace(
            / /,
            () => gaps[3] || ' ',
          );
          return { sql: filled(spaced).replaceAll('<W>', () => filled(said)), extended };
        });
      let count = 0;
      await fc.assert(
        fc.asyncProperty(fc.array(attempt, { minLength: 1, maxLength: 4 }), async (attempts) => {
          for (const { sql, extended } of attempts) {
            count++;
            const code = await codeOf(client, sql, extended ? [] : undefined);
            if (code === undefined || code.startsWith('57') || code.startsWith('Error'))
              await client.query('rollback').catch(() => {});
          }
          if ((await codeOf(client, 'rollback')) !== undefined) client = await connect();
          if (count % 25 < attempts.length) await nothingWritten(attempts.map(({ sql }) => sql).join('\n'));
        }),
        { numRuns: 1_000 },
      );
      expect(count).toBeGreaterThan(2_000);
      await nothingWritten('after all of them');
    });
  });

  it('hold for what is prepared in one transaction and run in another', async () => {
    await withClient(async (connect) => {
      const client = await connect();
      await client.query('begin read only');
      expect(await codeOf(client, "prepare w as update canary set word = 'x'")).toBe('25006');
      await client.query('rollback');
      await client.query('prepare r as select writes_quietly()');
      expect(await codeOf(client, 'execute r')).toBe('25006');
      await client.query('begin');
      await client.query('declare c cursor with hold for select writes_quietly()');
      expect(await codeOf(client, 'commit')).toBe('25006');
      expect(await codeOf(client, 'fetch all from c')).toBe('34000');
    });
    await nothingWritten('prepared');
  });

  it('refuse bytes that the server would read in another encoding', async () => {
    await withClient(async (_connect, folder) => {
      using client = await RawClient.open(folder, { client_encoding: 'SJIS' });
      client.send(query(Buffer.from("select e'\x83\\'; delete from canary; --'", 'latin1')));
      const answers = await client.until('EZ');
      expect(answers.map((answer) => errorField(answer, 'C'))).toContain('22021');
      client.send(query("select 'plain'"));
      expect((await client.until('CZ')).map(({ type }) => type)).toContain('D');
    });
    await nothingWritten('encoding');
  });

  it('hold in pipelines, where the next statement is there before the server has told what changed', async () => {
    await owner.client.query('create view writing_view as select writes_quietly()');
    const off = "select settings('default_transaction_read_only', 'off')";
    const sjis = "select settings('client_encoding', 'SJIS')";
    // Its last byte in UTF-8 takes the backslash with it in SJIS, and the quote is one.
    const hidden = "select E'\u00c1\\'; commit; begin read write; delete from canary; commit; --'";
    const run = (sql: string) => Buffer.concat([parse(sql), bind(), execute()]);
    const attempts: readonly (readonly [Buffer[], string])[] = [
      [[query(off), query('select writes_quietly()')], 'ZZ'],
      [[run(off), sync, run('select writes_quietly()'), sync], 'ZZ'],
      [[run(off), run('commit'), run('table writing_view'), sync], 'Z'],
      [[run(off), run('commit'), query('table writing_view')], 'Z'],
      [
        [
          run('begin'),
          run(`declare c cursor with hold for ${off}`),
          run('commit'),
          run('table writing_view'),
          sync,
        ],
        'Z',
      ],
      [[query(`begin; declare c cursor with hold for ${off}`), query('commit; table writing_view')], 'ZZ'],
      [[query(sjis), query(hidden)], 'ZZ'],
      [[query(off), close('S', 'x'), run('select writes_quietly()'), sync], 'ZZ'],
    ];
    try {
      for (const [messages, answers] of attempts)
        await withClient(async (_, folder) => {
          using client = await RawClient.open(folder);
          client.send(...messages);
          await client.until(answers);
        });
    } finally {
      await owner.client.query('drop view writing_view');
    }
    await nothingWritten('pipelined');
  });

  it('stop at once when a function has switched the default off', async () => {
    await withClient(async (connect) => {
      const client = await connect();
      expect(await codeOf(client, "select settings('default_transaction_read_only', 'off')")).toBeUndefined();
      expect(await codeOf(client, 'select writes_quietly()')).toBe('25006');
      expect(await codeOf(client, 'select 1')).toBe('25006');
    });
    await nothingWritten('switched');
  });
});

/** `-- …` and dollar quotes of another name: what stands there is text. */
const readsAfterAll = /^select 'a\\'; |^select U&'\\0027'; |^explain (?!\(?analyze)/;
