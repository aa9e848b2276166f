import { mkdirSync, type Stats, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { ForgeError } from '../errors.ts';
import type { Host } from '../host.ts';
import { fileFailure } from './file-failure.ts';

/**
 * A folder for secrets: made 0700. An existing one is taken as it is when it is the person's own and nobody else
 * can write to it; anything else could be a trap laid by another local user.
 */
export async function ensurePrivateDirectory(
  host: Pick<Host, 'platform' | 'userId'>,
  path: string,
): Promise<void> {
  try {
    const found = statSync(path, { throwIfNoEntry: false }) ?? makeFolder(path);
    if (host.platform === 'win32' && found.isDirectory()) return;
    if (!found.isDirectory()) throw Object.assign(new Error('not a folder'), { code: 'ENOTDIR' });
    if (host.userId !== undefined && found.uid !== host.userId) {
      throw new ForgeError('failed', `The folder ${path} belongs to another user.`, {
        code: 'UNSAFE_FOLDER',
        hint: `Remove it, or make it yours: chown ${host.userId} ${path}`,
      });
    }
    if ((found.mode & 0o022) !== 0) {
      throw new ForgeError('failed', `Others can write to the folder ${path}.`, {
        code: 'UNSAFE_FOLDER',
        hint: `chmod go-w ${path}`,
      });
    }
  } catch (error) {
    throw fileFailure(error, 'make the folder', path);
  }
}

function makeFolder(path: string): Stats {
  makeFolders(path);
  return statSync(path);
}

/**
 * The first folder that was made; undefined: all were there. mkdir's own `recursive` says ENOENT where a folder above is on a
 * read-only file system, and never ends in /proc.
 */
export function makeFolders(path: string, mode = 0o700, again = true): string | undefined {
  try {
    mkdirSync(path, { mode });
    return path;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const parent = dirname(path);
    if (code === 'ENOENT' && parent !== path && again) {
      const first = makeFolders(parent, mode);
      // Another process may make it at the same time.
      const own = makeFolders(path, mode, false);
      return first ?? own;
    }
    // A file system that refuses may have it already.
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) throw error;
    return undefined;
  }
}
