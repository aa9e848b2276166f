import type { Client } from 'pg';
import { ForgeError } from '../errors.ts';
import type { Output } from '../terminal/output.ts';
import type { DatabaseConnection } from './endpoint.ts';

/** Who and where a session is, in the server's own words. */
export interface ServerFacts {
  readonly database: string;
  readonly user: string;
  /** `18.4` */
  readonly version: string;
  /** A reader: it replays what a writer sends it, and can't be made to write. */
  readonly standby: boolean;
  readonly readOnly: boolean;
}

export async function readServerFacts(client: Client): Promise<ServerFacts> {
  const { rows } = await client.query<Record<keyof ServerFacts, unknown>>(question);
  const [row] = rows;
  return {
    database: String(row?.database),
    user: String(row?.user),
    version: String(row?.version).split(' ')[0] ?? '',
    standby: row?.standby === true,
    readOnly: row?.readOnly === true,
  };
}

const question = `select pg_catalog.current_database()::text as "database", current_user::text as "user",
  pg_catalog.current_setting('server_version') as "version", pg_catalog.pg_is_in_recovery() as "standby",
  pg_catalog.current_setting('transaction_read_only') OPERATOR(pg_catalog.=) 'on' as "readOnly"`;

/**
 * Refuses a session that is not what was asked for: a name that leads to another database, or a read-only session
 * that could write. An Aurora reader endpoint without a reader leads to the writer: said, because the load is
 * there, and harmless, because the session is read-only all the same.
 */
export function checkServer(
  output: Pick<Output, 'warn'>,
  { request, database, user, readOnly }: DatabaseConnection,
  server: ServerFacts,
): void {
  const wrong = (what: string) =>
    new ForgeError('failed', `${request.name} is not what it should be: ${what}. Nothing was run.`, {
      code: 'WRONG_DATABASE',
      hint: `Check the endpoint in forge.yaml, and what it leads to: forge db check ${request.words}`,
    });
  if (server.database !== database) throw wrong(`the database there is ${server.database}, not ${database}`);
  if (server.user !== user) throw wrong(`the role there is ${server.user}, not ${user}`);
  if (readOnly && !server.readOnly && !server.standby) throw wrong('the session can write');
  if (request.endpoint === 'reader' && !server.standby) {
    output.warn(`The reader endpoint of ${request.name} leads to the writer: there is no reader.`);
  }
  if (request.write && server.standby) throw wrong('it is a reader and can not be written to');
}
