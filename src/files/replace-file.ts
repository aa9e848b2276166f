import { randomBytes } from 'node:crypto';
import { constants, promises } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileFailure } from './file-failure.ts';

/**
 * Replaces a file's whole content so that every reader, and every crash, sees the old or the new one: written
 * beside it, flushed, renamed over it. The person's own symlink (dotfile repositories) is followed to its
 * target and stays a link. An existing file keeps its mode unless `mode` says otherwise; a new one gets 0600.
 */
export async function replaceFile(
  path: string,
  content: string | Uint8Array,
  options: { mode?: number } = {},
): Promise<void> {
  let temporary: string | undefined;
  try {
    const target = await promises.realpath(path).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return path;
      throw error;
    });
    const wanted = options.mode ?? (await existingMode(target));
    const mode = wanted ?? 0o600;
    temporary = join(dirname(target), `.${basename(target)}.${randomBytes(6).toString('hex')}.forge`);
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | (constants.O_NOFOLLOW ?? 0);
    const file = await promises.open(temporary, flags, mode);
    try {
      await file.writeFile(content);
      // The umask has taken its part of what was there.
      if (wanted !== undefined && (wanted & 0o077) !== 0) await file.chmod(wanted);
      await file.sync();
    } finally {
      await file.close();
    }
    await renameOver(temporary, target);
    await syncDirectory(dirname(target));
  } catch (error) {
    if (temporary !== undefined) await promises.unlink(temporary).catch(() => {});
    throw fileFailure(error, 'write', path);
  }
}

/** The text, or undefined when there is no such file. */
export async function readTextFile(path: string): Promise<string | undefined> {
  try {
    return await promises.readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw fileFailure(error, 'read', path);
  }
}

async function existingMode(path: string): Promise<number | undefined> {
  return promises.stat(path).then(
    (found) => found.mode & 0o777,
    () => undefined,
  );
}

/** Windows refuses to replace a file that somebody has open: it is tried for two seconds. */
async function renameOver(from: string, to: string): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await promises.rename(from, to);
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      if ((code !== 'EPERM' && code !== 'EBUSY') || attempt >= 20) throw error;
      await new Promise((resolve) => setTimeout(resolve, 5 * (attempt + 1)));
    }
  }
}

/** Makes the rename itself durable; not every system can. */
async function syncDirectory(path: string): Promise<void> {
  const directory = await promises.open(path, 'r').catch(() => undefined);
  await directory?.sync().catch(() => {});
  await directory?.close().catch(() => {});
}
