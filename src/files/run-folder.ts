import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Host } from '../host.ts';
import { ensurePrivateDirectory } from './private-directory.ts';

/** A private folder that lasts as long as one run of forge. Disposing removes it. */
export interface RunFolder extends AsyncDisposable {
  readonly path: string;
}

/** `kind`: what it is for, a name in the cache folder. Those of runs that were killed are removed by the next one. */
export async function openRunFolder(
  host: Pick<Host, 'directories' | 'platform' | 'userId' | 'pid' | 'isRunning'>,
  kind: string,
): Promise<RunFolder> {
  const parent = join(host.directories.cache, kind);
  await ensurePrivateDirectory(host, parent);
  for (const name of await readdir(parent)) {
    const pid = /^(\d+)-/.exec(name)?.[1];
    if (pid !== undefined && !host.isRunning(Number(pid))) await remove(join(parent, name));
  }
  const path = join(parent, `${host.pid}-${randomBytes(6).toString('hex')}`);
  await mkdir(path, { mode: 0o700 });
  return { path, [Symbol.asyncDispose]: () => remove(path) };
}

async function remove(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true }).catch(() => {});
}
