import { spawnSync } from 'node:child_process';
import { Client } from 'pg';
import type { QuerySession } from '../../src/db/run-query.ts';
import { startPostgres } from '../../src/sandbox/postgres/start-postgres.ts';
import { hasProgram } from './programs.ts';
import { createTestHost } from './test-host.ts';

/** A PostgreSQL without an AWS in front: for what happens after the connection is open. */
export interface PlainPostgres extends AsyncDisposable {
  readonly folder: string;
  open(options?: { readonly onCancel?: () => void }): Promise<PlainSession>;
  /** stdout of psql, which must be installed. */
  psql(...args: string[]): string;
}

export interface PlainSession extends QuerySession, AsyncDisposable {
  readonly pid: number;
}

export const plainUser = 'rdsadmin';

export async function startPlainPostgres(): Promise<PlainPostgres> {
  const host = createTestHost();
  const postgres = await startPostgres(host, []);
  const folder = postgres.writer.replace(/\/[^/]*$/, '');
  const open = async () => {
    const client = new Client({
      host: folder,
      port: 5432,
      user: plainUser,
      database: 'postgres',
      password: '',
    });
    client.on('error', () => {});
    await client.connect();
    return client;
  };
  return {
    folder,
    async open(options = {}) {
      const client = await open();
      const pid = (client as unknown as { processID: number }).processID;
      return {
        client,
        pid,
        async cancel() {
          options.onCancel?.();
          const other = await open();
          await other.query('select pg_cancel_backend($1)', [pid]);
          await other.end();
        },
        [Symbol.asyncDispose]: () => client.end(),
      };
    },
    psql(...args) {
      const env = { ...process.env, PGHOST: folder, PGUSER: plainUser, PGDATABASE: 'postgres', PAGER: 'cat' };
      const { stdout, stderr, error } = spawnSync('psql', ['-X', ...args], { env, encoding: 'utf8' });
      if (error) throw error;
      return stdout || stderr;
    },
    async [Symbol.asyncDispose]() {
      await postgres[Symbol.asyncDispose]();
      host.dispose();
    },
  };
}

export const psqlInstalled = hasProgram('psql', 'comparisons with what psql prints');
