import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Pool } from 'pg';
import type { Host } from '../../host.ts';
import { makeDataFolder } from './data-folder.ts';
import { findPostgres } from './find-postgres.ts';
import { startHotStandby } from './hot-standby.ts';
import { prepareBinaries } from './prepare-binaries.ts';
import { runServer, type ServerOptions, type ServerProcess } from './run-server.ts';
import { openAdminPool, type SeedDatabase, seedDatabases, superuser } from './seed-databases.ts';
import { serverAccount } from './server-account.ts';

/** The sandbox's PostgreSQL: a primary and its hot standby, reachable through Unix sockets in a private folder only. */
export interface Postgres extends AsyncDisposable {
  readonly folder: string;
  /** Path of the primary's socket. */
  readonly writer: string;
  /** Path of the standby's socket, once it answers: it is made while the sandbox is in use already. */
  readonly reader: Promise<string>;
  /** The sandbox's own superuser connections to the primary, `postgres` database. */
  readonly admin: Pool;
  /** Settles when the primary has ended, whoever ended it. */
  readonly ended: Promise<void>;
}

type PostgresHost = Pick<
  Host,
  'env' | 'platform' | 'program' | 'spawn' | 'signal' | 'monotonic' | 'userId' | 'directories'
>;

export async function startPostgres(
  host: PostgresHost,
  databases: readonly SeedDatabase[],
): Promise<Postgres> {
  const installation = await findPostgres(host);
  const account = serverAccount(host);
  const folder = await makeDataFolder(host, account);
  let primary: ServerProcess | undefined;
  try {
    const bin = await prepareBinaries(installation, account, folder);
    const data = join(folder, 'data');
    const options: ServerOptions = {
      bin,
      account,
      data,
      socketFolder: folder,
      folder,
      before: [join(bin, 'initdb'), '-D', data, ...initdbOptions(installation.version)],
      settings: settings(installation.version),
    };
    primary = await runServer(host, options);
    await seedDatabases(primary.socketFolder, databases);
    return postgres(host, primary, options, installation.version);
  } catch (error) {
    await primary?.[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true }).catch(() => {});
    throw error;
  }
}

function postgres(
  host: PostgresHost,
  primary: ServerProcess,
  options: ServerOptions,
  version: number,
): Postgres {
  const admin = openAdminPool(primary.socketFolder);
  const standby = startHotStandby(host, primary, options, version);
  const reader = standby.then((server) => server.socket);
  // Whoever connects to the reader learns of a failure; nobody has to.
  reader.catch(() => {});
  return {
    folder: options.folder,
    writer: primary.socket,
    reader,
    admin,
    ended: primary.ended,
    async [Symbol.asyncDispose]() {
      await admin.end().catch(() => {});
      const second = await standby.catch(() => undefined);
      await Promise.all([second?.[Symbol.asyncDispose](), primary[Symbol.asyncDispose]()]);
    },
  };
}

function initdbOptions(version: number): string[] {
  // From 17 on PostgreSQL has a UTF-8 locale of its own; before, C is the one that every machine has.
  const locale =
    version >= 17 ? ['--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--locale=C'] : ['--locale=C'];
  return [
    ...['--username', superuser, '--auth', 'trust', '--encoding', 'UTF8', ...locale],
    ...['--no-sync', '--no-instructions', '--wal-segsize', '4'],
    // Before 16 it can't be told; an initdb that is cut off there leaves a megabyte in /dev/shm.
    ...(version >= 16 ? ['--set', 'dynamic_shared_memory_type=mmap'] : []),
  ];
}

/** Small, quick, and nothing outside its folder: shared memory lies in files there, so that kill -9 leaves none. */
function settings(version: number): Record<string, string> {
  return {
    fsync: 'off',
    synchronous_commit: 'off',
    full_page_writes: 'off',
    dynamic_shared_memory_type: 'mmap',
    shared_buffers: '32MB',
    min_wal_size: '16MB',
    max_wal_size: '64MB',
    wal_level: 'replica',
    wal_keep_size: '64MB',
    max_wal_senders: '4',
    // More than the fronts let in, so that theirs is the limit that people meet.
    max_connections: '220',
    max_standby_streaming_delay: '1s',
    jit: 'off',
    TimeZone: 'UTC',
    log_timezone: 'UTC',
    log_min_messages: 'fatal',
    cluster_name: 'forge-sandbox',
    // 18 starts three processes for this by default.
    ...(version >= 18 ? { io_method: 'sync' } : {}),
  };
}
