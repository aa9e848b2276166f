import { chmod, chown, mkdtemp, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { fileFailure } from '../../files/file-failure.ts';
import type { Host } from '../../host.ts';
import { isReachableByOthers } from './reachable.ts';
import type { ServerAccount } from './server-account.ts';

/** Primary and standby with their write-ahead logs need about 250 MB; twice that leaves others room. */
const memoryNeeded = 512 * 1024 * 1024;

/**
 * A new private folder for the server's files and sockets: in memory where that has room (initdb is twice as
 * fast), else among the temporary files. Its path is short, because a socket's path may have 104 bytes at most.
 */
export async function makeDataFolder(
  host: Pick<Host, 'directories' | 'platform'>,
  account: ServerAccount,
): Promise<string> {
  for (const root of await roots(host, account)) {
    try {
      const folder = await mkdtemp(join(root, 'forge-pg-'));
      try {
        await chmod(folder, 0o700);
        if (account !== undefined) await chown(folder, account.uid, account.gid);
        return folder;
      } catch (error) {
        await rm(folder, { recursive: true, force: true });
        throw error;
      }
    } catch (error) {
      if (root === lastResort) throw fileFailure(error, 'make a folder in', root);
    }
  }
  throw new Error('unreachable: the last resort throws');
}

const lastResort = '/tmp';

async function roots(
  host: Pick<Host, 'directories' | 'platform'>,
  account: ServerAccount,
): Promise<string[]> {
  const found: string[] = [];
  if (host.platform === 'linux' && (await freeBytes('/dev/shm')) > memoryNeeded) found.push('/dev/shm');
  const { temporary } = host.directories;
  const usable = account === undefined || (await isReachableByOthers(temporary));
  if (usable && temporary.length < 60) found.push(temporary);
  return [...found, lastResort];
}

async function freeBytes(path: string): Promise<number> {
  return statfs(path).then(
    (found) => found.bavail * found.bsize,
    () => 0,
  );
}
