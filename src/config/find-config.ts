import { lstatSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { ForgeError } from '../errors.ts';
import type { Host } from '../host.ts';

export interface FoundConfig {
  /** Absolute. */
  readonly path: string;
  readonly how: 'option' | 'variable' | 'folder' | 'personal';
}

export type ConfigHost = Pick<Host, 'directories' | 'env' | 'userId' | 'platform'>;

/**
 * Where the configuration is: --config, FORGE_CONFIG, the first forge.yaml upwards from the working folder (the
 * home folder is the last one asked), then the person's own in the user's configuration folder. Without one of
 * the first two, both of the others are given when both exist: the folder's first.
 */
export async function findConfigFiles(
  host: ConfigHost,
  explicitPath: string | undefined,
): Promise<readonly FoundConfig[]> {
  const { directories, env } = host;
  if (explicitPath !== undefined) {
    return [{ path: resolve(directories.working, explicitPath), how: 'option' }];
  }
  if (env.FORGE_CONFIG) return [{ path: resolve(directories.working, env.FORGE_CONFIG), how: 'variable' }];
  const personal = personalConfigPath(host);
  const found: FoundConfig[] = [];
  const inFolder = searchUpwards(host);
  if (inFolder !== undefined && inFolder !== personal) found.push({ path: inFolder, how: 'folder' });
  if (ownerOf(personal) !== undefined) found.push({ path: personal, how: 'personal' });
  return found;
}

export function personalConfigPath({ directories }: Pick<Host, 'directories'>): string {
  return join(directories.config, 'forge.yaml');
}

function searchUpwards(host: ConfigHost): string | undefined {
  const { working, home } = host.directories;
  for (let folder = working; ; folder = dirname(folder)) {
    const path = join(folder, 'forge.yaml');
    const owner = ownerOf(path);
    if (owner !== undefined) {
      refuseForeign(host, path, owner);
      // Whoever laid a link chose what is read, and can change the choice at any moment.
      refuseForeign(host, path, lstatSync(path).uid);
      return path;
    }
    if (folder === home || folder === dirname(folder)) return undefined;
  }
}

/**
 * A file that was only come across must be the person's own, or root's: in a shared folder (/tmp) anybody could
 * lay one out that names another sign-in page. Git refuses foreign repositories for the same reason.
 */
function refuseForeign(host: ConfigHost, path: string, owner: number): void {
  if (host.userId === undefined || owner === host.userId || owner === 0) return;
  throw new ForgeError('usage', `${path} belongs to another user, and was not named by you.`, {
    code: 'CONFIG_UNTRUSTED',
    hint: `If you trust it, name it: --config ${path} (or FORGE_CONFIG)`,
  });
}

/** User id of a file's owner, or undefined when there is none; what can't be looked at counts as there. */
function ownerOf(path: string): number | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false })?.uid;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'ENOTDIR' || code === 'EACCES' ? undefined : 0;
  }
}
