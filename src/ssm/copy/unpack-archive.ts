import { chmod, type FileHandle, link, lstat, mkdir, open, symlink, unlink, utimes } from 'node:fs/promises';
import { escapeLine } from '../../lib/escape-for-terminal.ts';
import { linkStaysInside, nameBytes, shownName } from './archive-entry.ts';
import { type FoundEntry, readArchive } from './read-archive.ts';

export interface UnpackOptions {
  readonly platform: NodeJS.Platform;
  readonly preserve: boolean;
  readonly signal: AbortSignal;
}

const copySize = 1024 * 1024;

/**
 * Unpacks into `folder`, which is new and empty, and answers what was left out and why. Nothing is written through a
 * link: they are made last, and only those that stay inside. Throws what readArchive throws, and what the disk says.
 */
export async function unpackArchive(
  archive: FileHandle,
  size: number,
  folder: string,
  { platform, preserve, signal }: UnpackOptions,
): Promise<string[]> {
  const warnings: string[] = [];
  const folders = new Set(['']);
  const files = new Set<string>();
  const links: FoundEntry[] = [];
  const dated: FoundEntry[] = [];
  for await (const entry of readArchive(archive, size)) {
    signal.throwIfAborted();
    const { kind, path } = entry;
    const unfit = unfitFor(platform, path);
    if (unfit !== undefined) leaveOut(path, unfit);
    else if (kind === 'special') leaveOut(path, 'neither a file nor a folder');
    else if (kind === 'folder') {
      await makeFolder(path);
      dated.push(entry);
    } else {
      await makeFolder(parentOf(path));
      if (kind === 'link') links.push(entry);
      else if (kind === 'file') await writeFile(entry);
      else if (files.has(entry.target)) await link(placeOf(entry.target), await freePlace(path));
      else leaveOut(path, 'a hard link to what was not copied');
    }
  }
  for (const { path, target } of links) {
    // Windows parts names by backslashes as well, and a colon names a drive.
    const foreign = platform === 'win32' && /[\\:]/.test(target);
    if (foreign || !linkStaysInside(path, target)) {
      leaveOut(path, `a link that leads out, to ${shownName(target)}`);
      continue;
    }
    await symlink(bytesOf(target), placeOf(path)).catch((error: NodeJS.ErrnoException) => {
      leaveOut(path, `a link can't be made here (${error.code})`);
    });
  }
  if (preserve) {
    for (const { path, mode, mtime } of dated.reverse()) {
      // One's own folder that can't be written could not be moved to its place.
      await chmod(placeOf(path), mode | 0o700);
      await utimes(placeOf(path), mtime / 1000, mtime / 1000);
    }
  }
  return warnings;

  async function writeFile({ path, size: length, offset, mode, mtime }: FoundEntry): Promise<void> {
    const file = await open(await freePlace(path), 'wx', mode);
    try {
      for (let done = 0; done < length; ) {
        const wanted = Math.min(copySize, length - done);
        const { bytesRead, buffer } = await archive.read(
          Buffer.allocUnsafe(wanted),
          0,
          wanted,
          offset + done,
        );
        await file.writeFile(buffer.subarray(0, bytesRead));
        done += bytesRead;
      }
      if (preserve) {
        await file.chmod(mode);
        await file.utimes(mtime / 1000, mtime / 1000);
      }
    } finally {
      await file.close();
    }
    files.add(path);
  }

  /** An archive can hold a file twice; the last one counts. */
  async function freePlace(path: string): Promise<Buffer | string> {
    if (files.has(path)) await unlink(placeOf(path));
    return placeOf(path);
  }

  async function makeFolder(path: string): Promise<void> {
    if (folders.has(path)) return;
    await makeFolder(parentOf(path));
    await mkdir(placeOf(path)).catch(async (error: NodeJS.ErrnoException) => {
      // Names that this machine takes for the same.
      if (error.code !== 'EEXIST' || !(await lstat(placeOf(path))).isDirectory()) throw error;
    });
    folders.add(path);
  }

  function placeOf(path: string): Buffer | string {
    return bytesOf(`${Buffer.from(folder).toString('latin1')}/${path}`);
  }

  function bytesOf(name: string): Buffer | string {
    return platform === 'win32' ? shownName(name) : nameBytes(name);
  }

  function leaveOut(path: string, why: string): void {
    warnings.push(escapeLine(`${shownName(path)} was left out: ${why}`));
  }
}

function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}

/** Windows takes many a name for something else than a file of that name. */
function unfitFor(platform: NodeJS.Platform, path: string): string | undefined {
  if (platform !== 'win32') return undefined;
  const unfit = path
    .split('/')
    .some(
      (name) =>
        /[\u0000-\u001f<>:"\\|?*]|[. ]$/.test(name) || /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i.test(name),
    );
  return unfit ? 'no file can have this name on Windows' : undefined;
}
