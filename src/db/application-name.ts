/** PostgreSQL cuts names there (NAMEDATALEN - 1). */
export const longestApplicationName = 63;

/**
 * `forge/<person>/<reason>`: what pg_stat_activity and the server's log show. PostgreSQL replaces all but
 * printable ASCII; here it is done readably, and so that no person can pass for another by a slash.
 */
export function applicationName(person: string, reason: string | undefined): string {
  const who = `forge/${printable(person).replaceAll('/', '-')}`;
  const name = reason === undefined ? who : `${who}/${printable(reason).trim()}`;
  return name.slice(0, longestApplicationName).trimEnd();
}

function printable(text: string): string {
  return text
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replace(/\s+/g, ' ')
    .replace(/[^\x20-\x7e]/gu, '?');
}
