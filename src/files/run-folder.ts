import { randomBytes } from 'node:crypto';
import { promises } from 'node:fs';
import { join } from 'node:path';
import { ForgeError } from '../errors.ts';
import type { Host } from '../host.ts';
import { ensurePrivateDirectory } from './private-directory.ts';

/** A private folder that lasts as long as one run of forge. Disposing removes it. */
export interface RunFolder extends AsyncDisposable {
  readonly path: string;
}

type FolderHost = Pick<Host, 'directories' | 'platform' | 'userId' | 'pid' | 'isRunning'>;

/** `kind`: what it is for, a name in the cache folder. Those of runs that were killed are removed by the next one. */
export function openRunFolder(host: FolderHost, kind: string): Promise<RunFolder> {
  return openIn(host, join(host.directories.cache, kind));
}

/** sun_path of sockaddr_un with its final NUL: 108 bytes on Linux, 104 on macOS and the BSDs. */
const longestSocketPath = { linux: 107, other: 103 } as const;

/**
 * The same for a unix socket, whose path must be short: in the cache folder, else in the folder for temporary files,
 * else in /tmp.
 */
export async function openSocketFolder(host: FolderHost, kind: string, socket: string): Promise<RunFolder> {
  const { cache, temporary } = host.directories;
  const own = `forge-${kind}-${host.userId ?? 'user'}`;
  const parents = [join(cache, kind), join(temporary, own)];
  const limit = host.platform === 'linux' ? longestSocketPath.linux : longestSocketPath.other;
  const fits = (parent: string) =>
    Buffer.byteLength(join(parent, folderName(host), socket)) <= limit || host.platform === 'win32';
  const parent = parents.find(fits) ?? join('/tmp', own);
  if (parent !== parents[0]) await refuseLink(parent);
  return openIn(host, parent);
}

/** Everybody may put something into a folder for temporary files: a link there would say whose folders are tidied. */
async function refuseLink(path: string): Promise<void> {
  const found = await promises.lstat(path).catch(() => undefined);
  if (found?.isSymbolicLink() !== true) return;
  throw new ForgeError('failed', `${path} is a link.`, {
    code: 'UNSAFE_FOLDER',
    hint: `Remove it: rm ${path}`,
  });
}

async function openIn(host: FolderHost, parent: string): Promise<RunFolder> {
  await ensurePrivateDirectory(host, parent);
  for (const name of await promises.readdir(parent)) {
    const pid = /^(\d+)-[0-9a-f]{12}$/.exec(name)?.[1];
    if (pid !== undefined && !host.isRunning(Number(pid))) await remove(join(parent, name));
  }
  const path = join(parent, folderName(host));
  await promises.mkdir(path, { mode: 0o700 });
  return { path, [Symbol.asyncDispose]: () => remove(path) };
}

function folderName({ pid }: FolderHost): string {
  return `${pid}-${randomBytes(6).toString('hex')}`;
}

async function remove(path: string): Promise<void> {
  await promises.rm(path, { recursive: true, force: true }).catch(() => {});
}
