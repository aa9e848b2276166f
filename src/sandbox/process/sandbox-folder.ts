import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { ForgeError } from '../../errors.ts';
import { fileFailure } from '../../files/file-failure.ts';
import { ensurePrivateDirectory } from '../../files/private-directory.ts';
import type { Host } from '../../host.ts';

/**
 * The one folder that holds a sandbox's state. FORGE_SANDBOX is what the sandbox's own shell sets, so that
 * `forge sandbox status` in there finds it although HOME is another.
 */
export function sandboxFolder(host: Pick<Host, 'env' | 'directories'>): string {
  const chosen = host.env.FORGE_SANDBOX_DIR || host.env.FORGE_SANDBOX;
  return chosen ? resolve(host.directories.working, chosen) : join(host.directories.state, 'sandbox');
}

/** Says that forge made the folder and may remove it with all that is in it. */
const marker = '.forge-sandbox';

/** Makes the folder, 0700. A folder of somebody else's files is refused: stopping would delete them. */
export async function makeSandboxFolder(
  host: Pick<Host, 'platform' | 'userId'>,
  folder: string,
): Promise<void> {
  const found = await list(folder);
  if (found.length > 0 && !found.includes(marker)) {
    throw new ForgeError('usage', `${folder} has files in it that are not the sandbox's.`, {
      code: 'SANDBOX_FOLDER_IN_USE',
      hint: 'Set FORGE_SANDBOX_DIR to a folder of its own: it is removed when the sandbox stops.',
    });
  }
  await removeSandboxFolder(folder);
  await makeParentOf(folder);
  await ensurePrivateDirectory(host, folder);
  await writeFile(join(folder, marker), 'Made by forge sandbox; removed by forge sandbox stop.\n', {
    mode: 0o600,
  });
}

export async function makeParentOf(folder: string): Promise<void> {
  try {
    await mkdir(dirname(folder), { recursive: true, mode: 0o700 });
  } catch (error) {
    throw fileFailure(error, 'make the folder', dirname(folder));
  }
}

/** Removes a folder that forge made, and no other. */
export async function removeSandboxFolder(folder: string): Promise<void> {
  if (!(await list(folder)).includes(marker)) return;
  try {
    // The marker goes last, so that an interrupted removal can be taken up again.
    for (const name of await list(folder)) {
      if (name !== marker) await rm(join(folder, name), { recursive: true, force: true, maxRetries: 3 });
    }
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  } catch (error) {
    throw fileFailure(error, 'remove', folder);
  }
}

/** A folder for a sandbox that lasts for one command, beside the lasting one. Names its process. */
export function passingFolder(host: Pick<Host, 'pid'>, folder: string): string {
  return join(dirname(folder), `${basename(folder)}-run-${host.pid}`);
}

/** Removes what `forge sandbox run` left when it was killed. */
export async function removePassingFolders(host: Pick<Host, 'isRunning'>, folder: string): Promise<void> {
  const prefix = `${basename(folder)}-run-`;
  for (const name of await list(dirname(folder))) {
    const pid = name.startsWith(prefix) ? Number(name.slice(prefix.length)) : Number.NaN;
    if (Number.isInteger(pid) && !host.isRunning(pid)) {
      await removeSandboxFolder(join(dirname(folder), name)).catch(() => {});
    }
  }
}

async function list(folder: string): Promise<string[]> {
  return readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw fileFailure(error, 'read', folder);
  });
}
