import { randomBytes } from 'node:crypto';
import { chownSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'pg';
import { makeDataFolder } from '../src/sandbox/postgres/data-folder.ts';
import { findPostgres } from '../src/sandbox/postgres/find-postgres.ts';
import { prepareBinaries } from '../src/sandbox/postgres/prepare-binaries.ts';
import { runServer } from '../src/sandbox/postgres/run-server.ts';
import { serverAccount } from '../src/sandbox/postgres/server-account.ts';
import { createCertificateAuthority } from '../src/sandbox/x509/certificates.ts';
import { freePort } from '../test/support/free-port.ts';
import { plainUser } from '../test/support/plain-postgres.ts';
import { createTestHost } from '../test/support/test-host.ts';

export interface BenchPostgres extends AsyncDisposable {
  /** Of 127.0.0.1, where it wants the password. */
  readonly port: number;
  readonly password: string;
  /** Of its socket, where it wants none. */
  readonly folder: string;
  /** File: the certificate of whom to trust, for who wants TLS from `localhost`. */
  readonly authority: string;
}

/**
 * A PostgreSQL that listens on TCP, with TLS for who asks for it, as databases do: the sandbox's own has a socket alone.
 * No standby copies what it does.
 */
export async function startBenchPostgres(): Promise<BenchPostgres> {
  const host = createTestHost();
  const account = serverAccount(host);
  const folder = await makeDataFolder(host, account);
  const bin = await prepareBinaries(await findPostgres(host), account, folder);
  const port = await freePort();
  const password = randomBytes(16).toString('hex');
  const data = join(folder, 'data');
  const authority = createCertificateAuthority('forge bench', Date.now());
  const { certificate, key } = authority.issue(['localhost']);
  const fileOf = (name: string, text: string) => {
    const path = join(folder, name);
    writeFileSync(path, text, { mode: 0o600 });
    if (account !== undefined) chownSync(path, account.uid, account.gid);
    return path;
  };
  const tls = {
    ssl: 'on',
    ssl_cert_file: fileOf('server.crt', certificate),
    ssl_key_file: fileOf('server.key', key),
  };
  const auth = ['--auth-local=trust', '--auth-host=password'];
  const server = await runServer(host, {
    ...{ bin, account, data, folder, socketFolder: folder },
    before: [join(bin, 'initdb'), '-D', data, '--username', plainUser, '--no-sync', '--locale=C', ...auth],
    settings: {
      ...{ listen_addresses: '127.0.0.1', port: String(port), max_connections: '50' },
      ...{ fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', jit: 'off' },
      log_min_messages: 'fatal',
      ...tls,
    },
  });
  const admin = new Client({ host: folder, port, user: plainUser, database: 'postgres' });
  await admin.connect();
  await admin.query(`alter role ${plainUser} password '${password}'`);
  await admin.end();
  return {
    ...{ port, password, folder, authority: fileOf('authority.crt', authority.certificate) },
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      host.dispose();
    },
  };
}
