import { readdir, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Host } from '../host.ts';

type CacheHost = Pick<Host, 'directories' | 'now'>;

/** No keys of a role live longer than this. */
const longestLife = 12 * 3_600_000;

/** For `forge logout`: removes all role credentials that forge keeps. Answers how many there were. */
export async function clearCredentialCache(host: CacheHost): Promise<number> {
  return removeEntries(host, () => true);
}

/** Entries that can't hold living keys any more; also what a killed process left half-written. */
export async function removeExpiredEntries(host: CacheHost): Promise<void> {
  await removeEntries(host, (writtenAt) => writtenAt < host.now() - longestLife);
}

async function removeEntries(host: CacheHost, due: (writtenAt: number) => boolean): Promise<number> {
  const folder = join(host.directories.cache, 'credentials');
  const names = await readdir(folder).catch(() => []);
  let removed = 0;
  for (const name of names) {
    if (!/^\.?[0-9a-f]{64}\.json/.test(name) || name.endsWith('.lock')) continue;
    const path = join(folder, name);
    const found = await stat(path).catch(() => undefined);
    if (found === undefined || !due(found.mtimeMs)) continue;
    if (
      await unlink(path).then(
        () => true,
        () => false,
      )
    )
      removed++;
  }
  return removed;
}
