import { isIP } from 'node:net';
import type { Environment } from '../host.ts';

export interface PsqlConnection {
  readonly host: string;
  /** Set where it is not what the name resolves to. */
  readonly hostAddress: string | undefined;
  readonly port: number;
  readonly user: string;
  readonly database: string;
  /** Undefined: none is asked for. */
  readonly password: string | undefined;
  readonly applicationName: string;
  readonly options: string;
  /** Undefined: a gate of forge's on this machine, without TLS. */
  readonly rootCertificates: string | undefined;
  readonly rc: string;
}

/** What says how psql looks and speaks, not where it goes. */
const kept = /^(PSQL_|PGTZ$|PGDATESTYLE$|PGCLIENTENCODING$|PGLOCALEDIR$|PGSYSCONFDIR$)/;

/**
 * The environment of psql: the person's own, without any PG variable that could lead the connection or the token
 * elsewhere, and with the connection. TLS is checked against the real name (verify-full) also where hostaddr
 * leads through a tunnel. https://www.postgresql.org/docs/current/libpq-envars.html
 */
export function psqlEnvironment(own: Environment, connection: PsqlConnection): Environment {
  const env: Record<string, string | undefined> = {};
  for (const [name, value] of Object.entries(own)) {
    const upper = name.toUpperCase();
    if (/^PG/.test(upper) && !kept.test(upper)) continue;
    if (upper === 'PSQLRC') continue;
    env[name] = value;
  }
  const { hostAddress, password, rootCertificates } = connection;
  return {
    ...env,
    PGHOST: connection.host,
    ...(hostAddress !== undefined && isIP(hostAddress) !== 0 ? { PGHOSTADDR: hostAddress } : {}),
    PGPORT: String(connection.port),
    PGUSER: connection.user,
    PGDATABASE: connection.database,
    ...(password === undefined ? {} : { PGPASSWORD: password }),
    PGAPPNAME: connection.applicationName,
    ...(connection.options === '' ? {} : { PGOPTIONS: connection.options }),
    ...(rootCertificates === undefined
      ? { PGSSLMODE: 'disable' }
      : {
          PGSSLMODE: 'verify-full',
          PGSSLROOTCERT: rootCertificates,
          PGSSLMINPROTOCOLVERSION: 'TLSv1.2',
        }),
    PGGSSENCMODE: 'disable',
    PGCONNECT_TIMEOUT: '10',
    PSQLRC: connection.rc,
  };
}
