import type { Client } from 'pg';

/** Of one table, in the transaction so far: by statements, triggers, cascades and functions. */
export interface ChangedTable {
  readonly table: string;
  readonly inserted: number;
  readonly updated: number;
  readonly deleted: number;
}

/** Rows that a statement changed, by its command tag; undefined: its tag does not say. */
export function rowsOfTag(tag: string): number | undefined {
  const [, count] = /^(?:INSERT \d+|UPDATE|DELETE|MERGE|COPY) (\d+)$/.exec(tag) ?? [];
  return count === undefined ? undefined : Number(count);
}

/** What the server itself has counted in this transaction; `track_counts` is on unless somebody took it away. */
export async function changedTables(client: Client): Promise<readonly ChangedTable[]> {
  const { rows } = await client.query<Record<keyof ChangedTable, string>>(question);
  return rows.map(({ table, inserted, updated, deleted }) => ({
    table,
    inserted: Number(inserted),
    updated: Number(updated),
    deleted: Number(deleted),
  }));
}

const question = `select pg_catalog.format('%s.%s', schemaname, relname) as "table",
  n_tup_ins::text as inserted, n_tup_upd::text as updated, n_tup_del::text as deleted
  from pg_catalog.pg_stat_xact_user_tables where n_tup_ins + n_tup_upd + n_tup_del > 0 order by 1`;

export const sumOf = (tables: readonly ChangedTable[]): number =>
  tables.reduce((sum, { inserted, updated, deleted }) => sum + inserted + updated + deleted, 0);

/** `3 updated in public.orders` for each. */
export const changedLines = (tables: readonly ChangedTable[]): readonly string[] =>
  tables.map(({ table, ...counts }) => {
    const said = (['inserted', 'updated', 'deleted'] as const).flatMap((name) =>
      counts[name] === 0 ? [] : [`${counts[name]} ${name}`],
    );
    return `${said.join(', ')} in ${table}`;
  });
