import { lstat, readlink, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, posix, resolve, win32 } from 'node:path';
import { ForgeError } from '../../errors.ts';
import { fileFailure } from '../../files/file-failure.ts';
import type { Host } from '../../host.ts';

type PathHost = Pick<Host, 'env' | 'directories' | 'userId' | 'platform'>;

/**
 * The files that kubectl would read, the first to say something being right: KUBECONFIG's list (`:`, on Windows `;`),
 * else ~/.kube/config. Absolute, each once, there or not.
 * https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/
 */
export function kubeconfigPaths({
  env,
  directories,
  platform,
}: Pick<Host, 'env' | 'directories' | 'platform'>): readonly [string, ...string[]] {
  const path = platform === 'win32' ? win32 : posix;
  const named = (env.KUBECONFIG ?? '')
    .split(path.delimiter)
    .filter((name) => name !== '')
    .map((name) => path.resolve(directories.working, name));
  const [first, ...others] = new Set(named);
  return first === undefined ? [path.join(directories.home, '.kube', 'config')] : [first, ...others];
}

/** Where a kubeconfig's bytes are, at the end of the person's own links; it need not exist yet. */
export interface KubeconfigTarget {
  readonly path: string;
  /** False: something is there that is no file, e.g. /dev/null, KUBECONFIG's way to say "none". */
  readonly exists: boolean;
  readonly isFile: boolean;
  readonly size: number;
  /** The owner's write bit, which root has to be asked about, too. */
  readonly writable: boolean;
  /** Undefined on Windows and where there is none yet. */
  readonly owner: number | undefined;
}

const mostLinks = 40;

/**
 * Follows links one by one: each must be the person's own, or root's. A link that another user laid decides what is
 * read and written. Throws failed UNSAFE_FILE, FILE_FAILED.
 */
export async function findKubeconfigTarget(host: PathHost, path: string): Promise<KubeconfigTarget> {
  try {
    let current = path;
    for (let links = 0; ; links++) {
      const found = await lstat(current).catch(ignoreMissing);
      if (found === undefined) {
        return { path: current, exists: false, isFile: true, size: 0, writable: true, owner: undefined };
      }
      const owner = host.platform === 'win32' ? undefined : found.uid;
      if (!found.isSymbolicLink()) {
        const writable = (found.mode & 0o200) !== 0;
        return { path: current, exists: true, isFile: found.isFile(), size: found.size, writable, owner };
      }
      if (owner !== undefined && host.userId !== undefined && owner !== host.userId && owner !== 0) {
        throw new ForgeError('failed', `${current} is a link that belongs to another user.`, {
          code: 'UNSAFE_FILE',
          hint: 'Remove it, or name another file: KUBECONFIG=<file>',
        });
      }
      if (links >= mostLinks) throw Object.assign(new Error('ELOOP'), { code: 'ELOOP' });
      current = resolve(dirname(current), await readlink(current));
    }
  } catch (error) {
    throw fileFailure(error, 'look at', path);
  }
}

/** Where kubectl puts what is in none of the files: the only one, the first that exists, the last. */
export async function defaultKubeconfigPath(paths: readonly [string, ...string[]]): Promise<string> {
  if (paths.length === 1) return paths[0];
  for (const path of paths) if ((await stat(path).catch(() => undefined)) !== undefined) return path;
  return paths.at(-1) ?? paths[0];
}

/** Names that lock a file for kubectl, which knows it by `path`, and for those who come by another link. Sorted. */
export async function lockNames(path: string, target: string): Promise<readonly string[]> {
  const names = new Set<string>();
  for (const name of [path, target]) {
    // The same folder has one name here: nobody waits for their own lock.
    const folder = await realpath(dirname(name)).catch(() => dirname(name));
    names.add(join(folder, basename(name)));
  }
  return [...names].sort();
}

function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code === 'ENOENT') return undefined;
  throw error;
}
