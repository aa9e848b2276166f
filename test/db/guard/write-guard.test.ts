import { spawn } from 'node:child_process';
import { readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ConfirmationWords } from '../../../src/db/guard/confirmation-words.ts';
import {
  createWriteGuard,
  type WriteGuard,
  type WriteGuardOptions,
} from '../../../src/db/guard/write-guard.ts';
import { type DatabaseProxy, startProxy } from '../../../src/db/proxy/start-proxy.ts';
import { type PlainPostgres, psqlInstalled, startPlainPostgres } from '../../support/plain-postgres.ts';
import { createTestHost } from '../../support/test-host.ts';
import { NotingWatcher, stageTarget, stageUpstream } from '../proxy/proxy-stage.ts';
import { bind, errorField, execute, parse, query, RawClient, sync } from '../proxy/raw-client.ts';
import { schema, verdict } from './guard-stage.ts';

let postgres: PlainPostgres;
let proxy: DatabaseProxy;
/** Without a ceiling. */
let guard: WriteGuard;
let options: WriteGuardOptions;
let now = 1_795_000_000_000;
let given = 0;
let clients: Client[] = [];
const host = createTestHost();
const folder = join(host.directories.cache, 'confirm');
const openWords = () =>
  ConfirmationWords.open(host, { folder, now: () => now, random: () => `word${++given}` });

async function proxyWith(guard: WriteGuard): Promise<DatabaseProxy> {
  return startProxy(host, {
    endpoint: { kind: 'unix' },
    target: stageTarget,
    upstream: stageUpstream(postgres.folder),
    guard,
    watcher: guard.watch(new NotingWatcher()),
    signal: new AbortController().signal,
  });
}

beforeAll(async () => {
  postgres = await startPlainPostgres();
  options = { target: 'shop-prod', words: await openWords(), maxRows: 20 };
  proxy = await proxyWith(await createWriteGuard(options));
  guard = await createWriteGuard({ ...options, maxRows: undefined });
  postgres.psql('-c', schema);
});
afterAll(async () => {
  await Promise.all(clients.map((client) => client.end()));
  await proxy[Symbol.asyncDispose]();
  await postgres[Symbol.asyncDispose]();
  host.dispose();
});

async function connect(): Promise<Client> {
  const client = new Client({
    ...stageTarget,
    host: proxy.endpoint.host,
    port: proxy.endpoint.port,
    password: '',
  });
  // Whoever ends the proxy ends it, too: that is no failure of a test.
  client.on('error', () => {});
  clients.push(client);
  await client.connect();
  return client;
}

interface Failure {
  readonly code: string;
  readonly message: string;
  readonly hint: string;
}

async function failure(client: Client, sql: string, values?: unknown[]): Promise<Failure | undefined> {
  return client.query(sql, values).then(
    () => undefined,
    (error: Failure) => error,
  );
}

const count = (where = 'true') =>
  Number(postgres.psql('-At', '-c', `select count(*) from canary where ${where}`));
const wordOf = (found: { readonly hint?: string | undefined } | undefined) =>
  /forge:confirm=\S+/.exec(found?.hint ?? '')?.[0] ?? 'none';

describe('what is asked about', () => {
  it.each([
    ['delete from canary', 'DELETE FROM canary without WHERE'],
    ['update canary set word = null', 'UPDATE canary without WHERE'],
    ['delete from canary where true', 'DELETE FROM canary with a WHERE that is the same for all rows'],
    [
      'delete from canary where 1 = 1 or id = 3',
      'DELETE FROM canary with a WHERE that is the same for all rows',
    ],
    ['delete from canary where id = id', 'DELETE FROM canary with a WHERE that is the same for all rows'],
    ['update canary set id = 1 where $1', 'UPDATE canary with a WHERE that is the same for all rows'],
    [
      'update canary set id = 1 where now() > $1 and not false',
      'UPDATE canary with a WHERE that is the same for all rows',
    ],
    ['with a as (delete from canary returning 1) select * from a', 'DELETE FROM canary without WHERE'],
    [
      'with a as (delete from canary where id = 1 returning 1) select * from a',
      "DELETE within WITH, which the rows of the SELECT don't show",
    ],
    ['prepare p as delete from canary', 'DELETE FROM canary without WHERE'],
    ['explain analyze delete from canary where id = 1', 'EXPLAIN ANALYZE runs the DELETE, uncounted'],
    [
      'merge into canary c using orders o on true when matched then delete',
      'MERGE INTO canary on all rows alike',
    ],
    ['drop table canary, orders', 'DROP of canary, orders'],
    ['drop schema public cascade', 'DROP of public'],
    ['truncate canary, orders', 'TRUNCATE of canary, orders'],
    ['alter table canary drop column word', 'ALTER TABLE of canary'],
    ['alter table canary rename to dead', 'ALTER … RENAME of canary'],
    ["alter role rdsadmin password 'x'", 'ALTER ROLE'],
    ['drop database postgres', 'DROP DATABASE of postgres'],
    ['drop owned by rdsadmin', 'DROP OWNED'],
    ['do $$ begin null; end $$', 'DO runs code'],
    ['call proc_writes()', 'CALL runs code'],
    ['vacuum full', 'VACUUM FULL'],
  ])('%s', async (sql, said) => {
    const found = await verdict(guard, sql);
    expect(found).toMatchObject({ sqlState: '42501', message: expect.stringContaining(said) });
    expect(found?.message).toContain('this is production (shop-prod)');
    expect(wordOf(found)).toMatch(/^forge:confirm=shop-prod-word\d+$/);
  });

  it('what another number makes the same for all rows, though the text before it was none', async () => {
    expect(await verdict(guard, 'delete from canary where id % 2 = id % 3')).toBeUndefined();
    expect(await verdict(guard, 'delete from canary where id % 2 = id % 2')).toMatchObject({
      message: expect.stringContaining('the same for all rows'),
    });
  });

  it.each([
    'select 1',
    'delete from canary where id = 3',
    'update canary set word = $1 where id = $2',
    'update canary c set word = o.id::text from orders o where o.id = c.id',
    'delete from canary where exists (select from orders where orders.id = canary.id)',
    'delete from canary where current of c',
    "insert into canary values (1) on conflict (id) do update set word = 'x'",
    'create table a (b int)',
    'create index on canary (word)',
    'explain delete from canary',
    'merge into canary c using orders o on c.id = o.id when matched then delete',
    'grant select on canary to public',
    'select count(*) from canary where true',
  ])('not: %s', async (sql) => {
    expect(await verdict(guard, sql)).toBeUndefined();
  });

  it('is done with its word: once, this text, within five minutes', async () => {
    const word = wordOf(await verdict(guard, 'drop table canary;'));
    expect(wordOf(await verdict(guard, '  drop table\n canary'))).toBe(word);
    expect(await verdict(guard, `/* ${word} */ drop table orders`)).toBeDefined();
    expect(await verdict(guard, `drop table canary -- ${word}`)).toBeDefined();
    expect(await verdict(guard, `/* ${word}x */ drop table canary`)).toBeDefined();
    // A Parse does not use it up, what runs does.
    expect(await verdict(guard, `/* ${word} */ drop table canary`, { kind: 'prepare' })).toBeUndefined();
    expect(await verdict(guard, `/* ${word} */ drop table canary`, { kind: 'bind' })).toBeUndefined();
    const again = await verdict(guard, `/* ${word} */ drop table canary`, { kind: 'bind' });
    expect(wordOf(again)).not.toBe(word);
    now += 5 * 60_000 + 1;
    expect(await verdict(guard, `drop table canary /* ${wordOf(again)} */`)).toBeDefined();
    // On another target it is another text.
    const other = await createWriteGuard({ ...options, target: 'shop-prod-2', maxRows: undefined });
    const fresh = wordOf(await verdict(guard, 'drop table canary'));
    expect(await verdict(other, `/* ${fresh} */ drop table canary`)).toBeDefined();
  });

  it('is known to the next forge, and of all that have it one gets it', async () => {
    const text = 'truncate parts';
    const word = wordOf(await verdict(guard, text));
    const guards = await Promise.all(
      Array.from({ length: 5 }, async () =>
        createWriteGuard({ ...options, words: await openWords(), maxRows: undefined }),
      ),
    );
    // Each has seen it before anybody takes it.
    for (const one of guards)
      expect(await verdict(one, `/* ${word} */ ${text}`, { kind: 'prepare' })).toBeUndefined();
    const found = await Promise.all(
      guards.map((one) => verdict(one, `/* ${word} */ ${text}`, { kind: 'bind' })),
    );
    expect(found.filter((one) => one === undefined)).toHaveLength(1);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    const said = wordOf(found.find((one) => one !== undefined)).replace('forge:confirm=', '');
    const beside = await createWriteGuard({ ...options, said: [said], maxRows: undefined });
    expect(await verdict(beside, 'truncate canary')).toBeDefined();
    expect(await verdict(beside, text)).toBeUndefined();
    expect(await verdict(beside, text)).toBeDefined();
  });

  it('is good for no longer than five minutes, whatever the clock does, and few are kept', async () => {
    const word = wordOf(await verdict(guard, 'drop view canary_view'));
    now -= 3_600_000;
    expect(await verdict(guard, `/* ${word} */ drop view canary_view`)).toBeDefined();
    now += 3_600_000;
    writeFileSync(join(folder, 'something'), '');
    for (let n = 0; n < 150; n++) await verdict(guard, `drop table t${n}`);
    expect(readdirSync(folder).length).toBeLessThanOrEqual(101);
    expect(readdirSync(folder)).toContain('something');
  });

  it('is refused without a word where none can be kept', async () => {
    const gone = join(host.directories.cache, 'gone');
    const words = await ConfirmationWords.open(host, { folder: gone, now: () => now, random: () => 'x' });
    rmSync(gone, { recursive: true });
    const found = await verdict(await createWriteGuard({ ...options, words }), 'drop table canary');
    expect(found).toMatchObject({
      sqlState: '42501',
      hint: expect.stringContaining("can't be confirmed now"),
    });
  });

  it.skipIf(!psqlInstalled)('is confirmed in psql, and by a driver that prepares', async () => {
    const psql = async (input: string) => {
      const env = {
        ...process.env,
        PGHOST: proxy.endpoint.host,
        PGUSER: stageTarget.user,
        PGDATABASE: 'postgres',
      };
      const child = spawn('psql', ['-X', '-q'], { env, stdio: ['pipe', 'pipe', 'pipe'] });
      let text = '';
      child.stdout.on('data', (chunk) => (text += chunk));
      child.stderr.on('data', (chunk) => (text += chunk));
      child.stdin.end(input);
      await new Promise((resolve) => child.once('close', resolve));
      return text;
    };
    const said = await psql('drop table parts;\n');
    expect(said).toContain('DROP of parts');
    const word = wordOf({ hint: said });
    expect(await psql(`/* ${word} */ drop table parts;\n`)).toBe('');
    expect(postgres.psql('-At', '-c', "select to_regclass('parts') is null").trim()).toBe('t');
    const client = await connect();
    const sql = 'truncate orders';
    const found = await failure(client, sql, []);
    expect(await failure(client, `/* ${wordOf(found)} */ ${sql}`, [])).toBeUndefined();
  });
});

describe('the ceiling of rows', () => {
  beforeEach(async () => {
    await Promise.all(clients.map((client) => client.end()));
    clients = [];
    postgres.psql('-c', 'drop schema public cascade; create schema public', '-c', schema);
  });
  const many = 'delete from canary where id > 5';

  it('wants writes in a transaction, and lets small inserts be', async () => {
    const client = await connect();
    expect(await failure(client, many)).toMatchObject({ code: '25P01' });
    expect(await failure(client, many, [])).toMatchObject({ code: '25P01' });
    expect(await failure(client, 'insert into canary (id) select 500')).toMatchObject({ code: '25P01' });
    expect(await failure(client, 'insert into canary (id) values (500), (501)')).toBeUndefined();
    expect(
      await failure(
        client,
        `insert into canary (id) values ${Array.from({ length: 21 }, (_, n) => `(${n + 600})`)}`,
      ),
    ).toMatchObject({ code: '25P01' });
    expect(count()).toBe(52);
  });

  it.each([[undefined], [[]]])('undoes what changed more, and keeps what did not (%j)', async (values) => {
    const client = await connect();
    await client.query('begin');
    await client.query('delete from canary where id <= 20', values);
    await client.query('commit');
    expect(count()).toBe(30);
    await client.query('begin');
    await client.query('delete from canary where id > 20', values);
    expect(await failure(client, 'commit', values)).toMatchObject({
      code: '54000',
      message: expect.stringContaining('DELETE 30 is more than the 20 rows'),
    });
    expect(await failure(client, 'savepoint a', values)).toMatchObject({ code: '25P02' });
    expect(await failure(client, 'rollback to a')).toMatchObject({ code: '54000' });
    expect((await client.query('commit')).command).toBe('ROLLBACK');
    expect(count()).toBe(30);
    await client.query('begin');
    await client.query('delete from canary where id > 20', values);
    await client.query('savepoint a', values);
    await client.query('rollback');
    expect(await failure(client, 'select 1')).toBeUndefined();
    expect(count()).toBe(30);
  });

  it.each([
    `begin; ${many}; commit`,
    `begin; savepoint a; ${many}; release a; commit and chain; rollback`,
    `begin; ${many}; prepare transaction 'x'`,
    `begin; commit; ${many}`,
    `begin; rollback; ${many}`,
    `begin; prepare w as ${many}; execute w; commit`,
  ])('is not passed by in one text: %s', async (sql) => {
    const client = await connect();
    expect((await failure(client, sql))?.code).toMatch(/^25/);
    await client.query('rollback');
    expect(count()).toBe(50);
  });

  it('is not passed by in a pipeline, with and without Sync', async () => {
    const run = (sql: string) => [parse(sql), bind(), execute()];
    const pipelines = [
      [...run('begin'), ...run(many), ...run('commit'), sync],
      [...run('begin'), sync, ...run(many), sync, ...run('commit'), sync],
      [query('begin'), query(many), query('commit')],
      [
        ...run('begin'),
        ...Array.from({ length: 300 }, () => run('select 1')).flat(),
        ...run(many),
        ...Array.from({ length: 300 }, () => run('select 1')).flat(),
        ...run('commit'),
        sync,
      ],
    ];
    for (const pipeline of pipelines) {
      using client = await RawClient.open(proxy.endpoint.host);
      client.send(...pipeline);
      const answers = await client.until('E');
      expect(errorField(answers.at(-1), 'C')).toMatch(/^(25001|54000)$/);
    }
    await expect.poll(() => count()).toBe(50);
  });

  it('lets a driver pipeline its BEGIN, and stream a COPY', async () => {
    using client = await RawClient.open(proxy.endpoint.host);
    client.send(
      parse('begin'),
      bind(),
      execute(),
      parse('delete from canary where id <= 3'),
      bind(),
      execute(),
      sync,
    );
    await client.until('CCZ');
    client.send(query('commit'));
    await client.until('CZ');
    expect(count()).toBe(47);
  });

  it('is not there when nobody set one', async () => {
    await using free = await proxyWith(guard);
    const client = new Client({
      ...stageTarget,
      host: free.endpoint.host,
      port: free.endpoint.port,
      password: '',
    });
    await client.connect();
    expect(await failure(client, many)).toBeUndefined();
    await client.end();
    expect(count()).toBe(5);
  });
});
