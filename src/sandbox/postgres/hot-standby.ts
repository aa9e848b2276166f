import { join } from 'node:path';
import { ForgeError } from '../../errors.ts';
import type { Host } from '../../host.ts';
import { runServer, type ServerOptions, type ServerProcess, serverEnvironment } from './run-server.ts';
import { openAdmin, superuser } from './seed-databases.ts';

type StandbyHost = Pick<Host, 'spawn' | 'env' | 'signal' | 'monotonic'>;

/**
 * A real hot standby of a running server, as an Aurora reader: it replays what the primary writes and refuses
 * writes by itself (25006). Made with the low-level backup interface, because npm's package has no
 * pg_basebackup: https://www.postgresql.org/docs/current/continuous-archiving.html#BACKUP-LOWLEVEL-BASE-BACKUP
 */
export async function startHotStandby(
  host: StandbyHost,
  primary: ServerProcess,
  from: ServerOptions,
  version: number,
): Promise<ServerProcess> {
  const folder = join(from.folder, 'reader');
  const data = join(folder, 'data');
  const admin = await openAdmin(primary.socketFolder);
  try {
    // Named pg_start_backup and pg_stop_backup up to 14.
    const [start, stop] =
      version >= 15
        ? [`select pg_backup_start('reader', true)`, 'select labelfile from pg_backup_stop(false)']
        : [
            `select pg_start_backup('reader', true, false)`,
            'select labelfile from pg_stop_backup(false, false)',
          ];
    await admin.query(start);
    await runAsServer(host, from, copyScript, [from.data, data]);
    const result = await admin.query<{ labelfile: string }>(stop);
    // The standby must replay up to the end of the backup before it may answer: the label says from where.
    await runAsServer(host, from, labelScript, [data, result.rows[0]?.labelfile ?? '']);
  } finally {
    await admin.end();
  }
  return runServer(host, {
    ...from,
    data,
    socketFolder: join(folder, 's'),
    before: undefined,
    folder,
    settings: {
      ...from.settings,
      primary_conninfo: `host=${primary.socketFolder} port=5432 user=${superuser} dbname=postgres`,
      hot_standby: 'on',
    },
  });
}

/**
 * The primary goes on working while it is copied, so a file may vanish under cp; replay deals with that, as
 * with anything else that changes meanwhile. The rest is what the manual says not to take along.
 */
const copyScript = `
umask 077
mkdir -p "$2" "$2/../s"
said=$(cp -R "$1/." "$2/" 2>&1) || {
  if printf '%s\\n' "$said" | grep -v 'No such file or directory' >&2; then exit 1; fi
}
cd "$2" && rm -rf postmaster.pid postmaster.opts pg_wal/0* pg_dynshmem/* pg_notify/* pg_stat_tmp/* pg_subtrans/*
chmod 700 .
`;

const labelScript = `umask 077; cd "$1" && printf '%s' "$2" > backup_label && : > standby.signal`;

/** Files made by the server's own user belong to it, without anybody having to give them away. */
function runAsServer(
  host: StandbyHost,
  options: ServerOptions,
  script: string,
  words: readonly string[],
): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = host.spawn('/bin/sh', ['-c', script, 'forge-sandbox-copy', ...words], {
      env: serverEnvironment(host.env),
      stdio: ['ignore', 'ignore', 'pipe'],
      cwd: options.folder,
      ...(options.account ?? {}),
    });
    let said = '';
    child.stderr?.on('data', (chunk: Buffer) => {
      said += chunk.toString();
    });
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) return resolve();
      reject(
        new ForgeError('failed', `Failed to copy the sandbox's database for its reader: ${said.trim()}`, {
          code: 'POSTGRES_FAILED',
        }),
      );
    });
  });
}
