import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunFolder } from '../files/run-folder.ts';
import type { IdentityParts } from '../identity/identity-parts.ts';
import type { DatabaseGate } from './gate/open-gate.ts';
import type { DatabaseSession } from './open-database.ts';
import type { PsqlConnection } from './psql-environment.ts';
import { readRdsName } from './rds-name.ts';
import { sessionSettings, startupOptions } from './session-settings.ts';
import type { Handover } from './with-database.ts';

/** How psql gets to the database. Disposing ends what listens for it. */
export type PsqlWay = Omit<PsqlConnection, 'applicationName' | 'rc'> & AsyncDisposable;

/** Through the gate: it has the token, the tunnel, TLS and the settings; psql only gets to the gate. */
export function psqlWayThrough({ endpoint }: DatabaseGate, { connection }: DatabaseSession): PsqlWay {
  const { user, database } = connection;
  return {
    user,
    database,
    host: endpoint.host,
    hostAddress: undefined,
    port: endpoint.port,
    password: endpoint.kind === 'tcp' ? endpoint.password.reveal() : undefined,
    options: '',
    rootCertificates: undefined,
    async [Symbol.asyncDispose]() {},
  };
}

/** By itself, or through what listens on loopback for a tunnel: TLS and token are checked at the endpoint. */
export async function ownPsqlWay(
  parts: Pick<IdentityParts, 'host' | 'output'>,
  { connection, remoteAddress }: DatabaseSession,
  { tunnel, token }: Handover,
  folder: RunFolder,
): Promise<PsqlWay> {
  const rootCertificates = join(folder.path, 'authorities.pem');
  await writeFile(rootCertificates, connection.ca.join('\n'), { mode: 0o600, flag: 'wx' });
  const listener =
    tunnel &&
    (await (await import('../ssm/listen-for-tunnel.ts')).listenForTunnel(parts, tunnel, connection));
  const local = listener?.local.kind === 'tcp' ? listener.local : undefined;
  const close = async () => listener?.[Symbol.asyncDispose]();
  try {
    const { host, user, database } = connection;
    // RDS Proxy takes no options: the start-up file says them there.
    const proxy = readRdsName(host)?.proxy === true;
    return {
      host,
      user,
      database,
      port: local?.port ?? connection.port,
      hostAddress: local?.host ?? (connection.address === host ? undefined : remoteAddress),
      password: (await token()).reveal(),
      options: proxy ? '' : startupOptions(sessionSettings(connection.request)),
      rootCertificates,
      [Symbol.asyncDispose]: close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
