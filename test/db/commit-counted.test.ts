import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { csvFormat } from '../../src/db/format-csv.ts';
import { type QueryRun, type QuerySession, runQuery } from '../../src/db/run-query.ts';
import type { ForgeError } from '../../src/errors.ts';
import { type PlainPostgres, type PlainSession, startPlainPostgres } from '../support/plain-postgres.ts';

/** `runQuery` in a transaction of its own: what is kept, and what is said of it. */
let postgres: PlainPostgres;
let other: PlainSession;
beforeAll(async () => {
  postgres = await startPlainPostgres();
  other = await postgres.open();
}, 60_000);
afterAll(async () => {
  await other[Symbol.asyncDispose]();
  await postgres[Symbol.asyncDispose]();
});
beforeEach(async () => {
  await other.client.query(`
    drop table if exists kept;
    create table kept (id int, note text);
    create or replace function at_commit() returns trigger language plpgsql as $f$ begin
      if new.note = 'refuse' then raise exception 'not on a Sunday'; end if;
      if new.note = 'sleep' then perform pg_sleep(60); end if;
      return null;
    end $f$;
    create constraint trigger late after insert on kept deferrable initially deferred
      for each row execute function at_commit()`);
});

const count = async () => (await other.client.query('select count(*)::int as n from kept')).rows[0].n;
const insert = (note: string) => `insert into kept select 1, '${note}' returning id`;

async function run(session: QuerySession, sql: string, more: Partial<QueryRun> = {}) {
  const tags: string[] = [];
  let error: ForgeError | undefined;
  await runQuery(session, {
    source: { sql, file: undefined },
    values: [],
    format: csvFormat({ header: true, nullText: '' }),
    sink: async () => {},
    signal: new AbortController().signal,
    transaction: true,
    facts: { target: 'prod', writeHint: undefined, timeoutHint: '' },
    onTag: (tag) => tags.push(tag),
    ...more,
  }).catch((failure: ForgeError) => {
    error = failure;
  });
  return { tags, error };
}

/** The server is at COMMIT, asleep in the trigger. */
async function committing({ pid }: PlainSession): Promise<void> {
  const sql = "select 1 from pg_stat_activity where pid = $1 and query = 'COMMIT' and state = 'active'";
  await expect.poll(async () => (await other.client.query(sql, [pid])).rows.length).toBe(1);
}

it('is committed when all is out, and told so', async () => {
  await using session = await postgres.open();
  expect(await run(session, insert('x'))).toEqual({ tags: ['INSERT 0 1', 'COMMIT'], error: undefined });
  expect(await run(session, 'insert into kept values ($1, $2)', { values: ['2', 'y'] })).toMatchObject({
    error: undefined,
  });
  expect(await count()).toBe(2);
});

it('is not kept where a statement fails, the output does, or COMMIT is refused', async () => {
  const one = async (sql: string, more: Partial<QueryRun> = {}) => {
    await using session = await postgres.open();
    return (await run(session, sql, more)).error;
  };
  expect(await one(`${insert('x')}; select 1 / 0`)).toMatchObject({ code: 'SQLSTATE_22012' });
  const full = await one(insert('x'), { sink: () => Promise.reject(new Error('disk full')) });
  expect(full).toMatchObject({ code: 'OUTPUT_FAILED' });
  expect(full?.message).toContain('the server had finished, and keeps nothing of it (INSERT 0 1)');
  expect(await one(insert('refuse'))).toMatchObject({
    code: 'SQLSTATE_P0001',
    message: expect.stringContaining('not on a Sunday'),
  });
  expect(await count()).toBe(0);
});

it('is not kept after Ctrl-C, not before COMMIT and not in it', async () => {
  const [before, meanwhile] = [new AbortController(), new AbortController()];
  {
    await using session = await postgres.open();
    const sink = async () => before.abort('SIGINT');
    const { error } = await run(session, insert('x'), { signal: before.signal, sink });
    expect(error?.message).toMatch(/^Interrupted; the server had finished, and keeps nothing of it/);
  }
  await using session = await postgres.open();
  const ran = run(session, insert('sleep'), { signal: meanwhile.signal });
  await committing(session);
  meanwhile.abort('SIGINT');
  expect((await ran).error?.message).toMatch(/^Interrupted; the query was cancelled on the server/);
  expect(await count()).toBe(0);
});

it('is unknown where the connection is lost at COMMIT, with what to type', async () => {
  await using session = await postgres.open();
  const ran = run(session, insert('sleep'));
  await committing(session);
  await other.client.query('select pg_terminate_backend($1)', [session.pid]);
  expect((await ran).error).toMatchObject({
    kind: 'unreachable',
    code: 'COMMIT_UNKNOWN',
    hint: expect.stringMatching(/^forge db query prod "select txid_status\(\d+\)"$/),
  });
});
