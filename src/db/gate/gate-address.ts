import { join } from 'node:path';
import { quotePosix } from '../../lib/quote-posix.ts';
import type { ProxyEndpoint, ProxyOptions } from '../proxy/start-proxy.ts';

/** What a person gives their tools. None of it holds the password: addresses are kept, logged and shared. */
export interface GateAddress {
  readonly connectionString: string;
  /** Null: JDBC knows no unix sockets. */
  readonly jdbcUrl: string | null;
  readonly psql: string;
  /** Null where none is asked for. */
  readonly socket: string | null;
}

/** Without TLS: it is this machine. From there on forge has it verified. */
export function gateAddress(
  { user, database }: ProxyOptions['target'],
  { kind, host, port }: ProxyEndpoint,
): GateAddress {
  const [who, what] = [encodeURIComponent(user), encodeURIComponent(database)];
  const unix = kind === 'unix';
  const facts = { host, port: String(port), user, dbname: database, sslmode: 'disable' };
  const words = Object.entries(facts).map(([name, value]) => `${name}=${libpqWord(value)}`);
  return {
    connectionString: unix
      ? `postgresql://${who}@/${what}?host=${encodeURIComponent(host)}&port=${port}&sslmode=disable`
      : `postgresql://${who}@${host}:${port}/${what}?sslmode=disable`,
    jdbcUrl: unix ? null : `jdbc:postgresql://${host}:${port}/${what}?user=${who}&sslmode=disable`,
    psql: `psql ${quotePosix(words.join(' '))}`,
    socket: unix ? join(host, `.s.PGSQL.${port}`) : null,
  };
}

/** https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-KEYWORD-VALUE */
function libpqWord(text: string): string {
  if (/^[\w./:@-]+$/.test(text)) return text;
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
