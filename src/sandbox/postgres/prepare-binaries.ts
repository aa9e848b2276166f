import { access, cp, lchown, mkdir, readdir, readFile, symlink } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { ForgeError } from '../../errors.ts';
import { fileFailure } from '../../files/file-failure.ts';
import type { PostgresInstallation } from './find-postgres.ts';
import { isReachableByOthers } from './reachable.ts';
import type { ServerAccount } from './server-account.ts';

/**
 * The folder of programs that can really be run. npm's package is used in place when it can be: not when the
 * server's user can't read it (root in /root, npx), nor when its library links are missing (npm packs no links:
 * an install script makes them, and install scripts are often switched off). Then it is copied into `folder`,
 * which goes away with the sandbox, and the links are made in the copy; nobody's node_modules is touched.
 */
export async function prepareBinaries(
  installation: PostgresInstallation,
  account: ServerAccount,
  folder: string,
): Promise<string> {
  const source = installation.package;
  if (source === undefined) {
    if (account === undefined || (await isReachableByOthers(join(installation.bin, 'postgres')))) {
      return installation.bin;
    }
    throw new ForgeError(
      'failed',
      `Only you can read ${installation.bin}, and PostgreSQL can't run as root.`,
      {
        code: 'POSTGRES_UNREADABLE',
        hint: `Make it readable (chmod -R o+rX ${installation.bin}), or run forge as another user.`,
      },
    );
  }
  const links = await libraryLinks(source);
  const readable = account === undefined || (await isReachableByOthers(join(source, 'bin', 'postgres')));
  if (readable && (await allThere(links.map((link) => join(source, link.path))))) return join(source, 'bin');
  try {
    const copy = join(folder, 'postgres');
    await cp(source, copy, {
      recursive: true,
      verbatimSymlinks: true,
      filter: (path) => !/\.a$|\/(?:pkgconfig|pgxs|include)$/.test(path),
    });
    for (const { path, target } of links) {
      await mkdir(dirname(join(copy, path)), { recursive: true });
      await symlink(target, join(copy, path)).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'EEXIST') throw error;
      });
    }
    // The guard, who runs as the server's user, removes the copy.
    if (account !== undefined) await giveTo(account, copy);
    return join(copy, 'bin');
  } catch (error) {
    throw fileFailure(error, 'copy PostgreSQL to', folder);
  }
}

interface LibraryLink {
  /** Inside the package's `native` folder. */
  readonly path: string;
  readonly target: string;
}

/** The package lists the links that its install script makes, as paths from the package's root. */
async function libraryLinks(source: string): Promise<readonly LibraryLink[]> {
  const text = await readFile(join(source, 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  const listed = JSON.parse(text) as readonly { readonly source: string; readonly target: string }[];
  return listed.map((link) => {
    const path = link.target.replace(/^native\//, '');
    const from = link.source.replace(/^native\//, '');
    return { path, target: join(relative(dirname(path), dirname(from)), basename(from)) };
  });
}

async function giveTo(
  account: { readonly uid: number; readonly gid: number },
  folder: string,
): Promise<void> {
  for (const entry of await readdir(folder, { recursive: true })) {
    await lchown(join(folder, entry), account.uid, account.gid);
  }
  await lchown(folder, account.uid, account.gid);
}

async function allThere(paths: readonly string[]): Promise<boolean> {
  const found = await Promise.all(
    paths.map((path) =>
      access(path).then(
        () => true,
        () => false,
      ),
    ),
  );
  return found.every(Boolean);
}
