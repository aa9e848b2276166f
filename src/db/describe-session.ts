import type { DatabaseSession } from './open-database.ts';

/** One line, in the server's own words, before anything is run. */
export function describeSession({ connection, server }: DatabaseSession): string {
  const { request, readOnly } = connection;
  const place = server.standby ? 'a reader' : 'the writer';
  const where =
    request.endpoint === 'reader' || server.standby ? `${place} of ${request.name}` : request.name;
  const mode = readOnly ? 'read-only' : 'read-write';
  const note = request.production && request.write ? '\nChanges wait for "commit": AUTOCOMMIT is off.' : '';
  return `Connected to ${where}: database ${server.database} as ${server.user}, ${mode}, PostgreSQL ${server.version}.${note}`;
}
