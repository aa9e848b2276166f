import { ForgeError } from '../../errors.ts';

/** Schemas of extensions whose functions work outside of the session: in S3, in Lambda, at another time, over HTTP. */
export const reachingSchema = /^(aws_\w+|cron|dbms_\w+|utl_\w+|net|rdsadmin|apg_plan_mgmt)$/;

/** The first such schema in a search_path: with it there, its functions are called by names that say nothing. */
export function findReachingSchema(searchPath: string): string | undefined {
  return searchPath
    .split(',')
    .map((name) => name.trim().replace(/^"(.*)"$/s, '$1'))
    .find((name) => reachingSchema.test(name.toLowerCase()));
}

/**
 * What a connection has before its client says anything: from the role, the database, or the client's startup message. As it
 * is written, as RESET would make it (behind RDS Proxy the client's own is said by SQL, and RESET takes it away), and what
 * the server makes of it ("$user"). Every name with its schema: what is asked about must not answer.
 */
export const searchPathQuestion =
  "select pg_catalog.current_setting('search_path'), (select reset_val from pg_catalog.pg_settings where name operator(pg_catalog.=) 'search_path'), pg_catalog.array_to_string(pg_catalog.current_schemas(true), ',');";

/**
 * A read-only session tells functions that work elsewhere by their schema: with that in the search_path they need none.
 * @throws ForgeError denied SEARCH_PATH_REACHES; unreachable SEARCH_PATH_UNKNOWN where the server gave no such answer
 */
export function assertSearchPath(answer: readonly (string | null)[] | undefined, user: string): void {
  const said = (answer ?? []).filter((text) => text !== null);
  if (answer?.length !== 3 || said.length !== 3)
    throw new ForgeError('unreachable', 'The server did not say in which schemas it looks for functions.', {
      code: 'SEARCH_PATH_UNKNOWN',
      hint: 'A read-only session needs to know: nobody was let in. Try again.',
    });
  const schema = findReachingSchema(said.join(','));
  if (schema === undefined) return;
  throw new ForgeError(
    'denied',
    `The search_path of ${user} has ${schema}, whose functions do work elsewhere: what only reads could not be told by its names.`,
    {
      code: 'SEARCH_PATH_REACHES',
      hint: `Take it out for this role: ALTER ROLE ${user} SET search_path = "$user", public`,
    },
  );
}
