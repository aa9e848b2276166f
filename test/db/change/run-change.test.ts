import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { type ChangeResult, runChange } from '../../../src/db/change/run-change.ts';
import { type PlainPostgres, type PlainSession, startPlainPostgres } from '../../support/plain-postgres.ts';

let postgres: PlainPostgres;
let session: PlainSession;

beforeAll(async () => {
  postgres = await startPlainPostgres();
  session = await postgres.open();
}, 60_000);
afterAll(async () => {
  await session[Symbol.asyncDispose]();
  await postgres[Symbol.asyncDispose]();
});
beforeEach(async () => {
  await session.client.query(`
    drop table if exists small, big cascade;
    create table small (id int primary key, n int);
    insert into small values (1, 0);
    create table big as select n as id from generate_series(1, 100) n;
    create or replace function empties() returns trigger language plpgsql as $f$ begin delete from big; return null; end $f$;`);
});

function run(text: string, more: { readonly expectRows?: number; readonly dryRun?: boolean } = {}) {
  return runChange(session, {
    change: { text, target: 'prod/orders' },
    expectRows: more.expectRows,
    dryRun: more.dryRun ?? false,
    signal: new AbortController().signal,
    async claim() {},
    async ran() {},
    async beforeCommit() {},
  });
}

const left = async () => Number((await session.client.query('select count(*) as n from big')).rows[0].n);
const shown = ({ rows, tables }: ChangeResult) => ({ rows, tables: tables.map(({ table }) => table) });

it('counts what is written within WITH, whose rows are in no tag', async () => {
  const text = 'with gone as (delete from big returning 1) update small set n = 1 where id = 1';
  await expect(run(text, { expectRows: 1 })).rejects.toMatchObject({ code: 'ROWS_NOT_EXPECTED' });
  expect(await left()).toBe(100);
  expect((await run(text, { expectRows: 101 })).rows).toBe(101);
});

it('lists what waits for COMMIT, and a dry run sees it fail', async () => {
  await session.client.query(`
    create constraint trigger late after update on small deferrable initially deferred for each row execute function empties()`);
  const text = 'update small set n = 1 where id = 1';
  expect(shown(await run(text, { dryRun: true }))).toEqual({
    rows: 1,
    tables: ['public.big', 'public.small'],
  });
  expect(await left()).toBe(100);
  await session.client.query(
    'create or replace function empties() returns trigger language plpgsql as $f$ begin raise exception $$no$$; end $f$',
  );
  await expect(run(text, { dryRun: true })).rejects.toMatchObject({ message: expect.stringContaining('no') });
});
