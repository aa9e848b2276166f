import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createReadOnlyGuard } from '../../../src/db/guard/read-only-guard.ts';
import type { StatementGuard } from '../../../src/db/proxy/statement.ts';
import {
  type PlainPostgres,
  type PlainSession,
  psqlInstalled,
  startPlainPostgres,
} from '../../support/plain-postgres.ts';
import { schema, verdict } from './guard-stage.ts';
import { reads, sequences } from './read-corpus.ts';

/** What PostgreSQL has since a version that not every server is of: the guard reads it, and a server may not. */
const newer: readonly (readonly [RegExp, number])[] = [
  [/json_(table|value)/, 17],
  [/any_value/, 16],
  [/\bmerge\b/, 15],
];

let postgres: PlainPostgres;
let session: PlainSession;
let guard: StatementGuard;

beforeAll(async () => {
  postgres = await startPlainPostgres();
  session = await postgres.open();
  await session.client.query(schema);
  await session.client.query('set default_transaction_read_only = on');
  guard = await createReadOnlyGuard();
});
afterAll(async () => {
  await session[Symbol.asyncDispose]();
  await postgres[Symbol.asyncDispose]();
});

describe('what reads', () => {
  it('is at least two hundred queries, none of which is refused, and all of which the server runs', async () => {
    expect(reads.length).toBeGreaterThanOrEqual(200);
    const wrong: string[] = [];
    const { rows } = await session.client.query(
      "select current_setting('server_version_num')::int / 10000 as major",
    );
    const known = (sql: string) => !newer.some(([words, since]) => words.test(sql) && rows[0].major < since);
    for (const sql of reads) {
      const refusal = await verdict(guard, sql);
      if (refusal !== undefined) wrong.push(`${sql}: ${refusal.message}`);
      const failed = known(sql) ? await run(sql) : undefined;
      if (failed !== undefined) wrong.push(`${sql}: ${failed}`);
      await session.client.query('rollback; set client_min_messages to notice; set search_path to default');
    }
    expect(wrong).toEqual([]);
  });

  it.each([
    "select * from pgr_dijkstra('select id, source, target, cost from edges', 1, 2, directed => false)",
    "select * from pgr_dijkstra('select * from edges', array[1, 2], $1::bigint[], true)",
    "select * from pgr_withpoints('select * from edges', 'select * from points', -1, -2, driving_side => 'r', details => null)",
    "select r.* from orders o, pgr_astar('select * from edges'::text, o.id::int8, '5'::bigint) r",
    'select pgr_version(), pgr_full_version()',
  ])('finds its way with pgRouting: %s', async (sql) => {
    expect(await verdict(guard, sql)).toBeUndefined();
  });

  it('goes on over several statements', async () => {
    for (const sql of sequences.flat()) {
      expect(await verdict(guard, sql), sql).toBeUndefined();
      expect(await run(sql), sql).toBeUndefined();
    }
  });

  it.skipIf(!psqlInstalled)("is everything that psql's backslash commands send", async () => {
    const commands = String.raw`\d \d+ \dt+ \dv \di+ \ds \dn+ \df+ \du+ \l+ \dp \dT+ \dx \dE \dA \db+ \dc \dC \dd \dD+ \ddp \des \deu \dew \dF \dg \dL \do \dO \drds \dRp \dRs \dy \z`;
    const named = [
      '\\d+ orders',
      '\\d canary_ruled',
      '\\sf writes_quietly',
      '\\sv canary_view',
      '\\df+ *stat*',
    ];
    const text = postgres.psql('-E', ...[...commands.split(' '), ...named].flatMap((one) => ['-c', one]));
    const queries = [...text.matchAll(/\*{9} QUERY \*{9,10}\n([\s\S]*?)\n\*{24,26}/g)].map(
      ([, sql = '']) => sql,
    );
    expect(queries.length).toBeGreaterThan(40);
    for (const sql of queries) expect(await verdict(guard, sql), sql).toBeUndefined();
  });
});

async function run(sql: string): Promise<string | undefined> {
  if (/^copy/.test(sql)) return undefined;
  return session.client.query(sql).then(
    () => undefined,
    (error: Error) => error.message,
  );
}
