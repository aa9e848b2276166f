import { constants } from 'node:fs';
import { access, lstat, readdir, readlink } from 'node:fs/promises';
import { fileFailure } from '../../files/file-failure.ts';
import { escapeLine } from '../../lib/escape-for-terminal.ts';
import { type ArchiveEntry, linkStaysInside, nameOf, shownName } from './archive-entry.ts';
import type { PlannedEntry } from './write-archive.ts';

export interface ArchivePlan {
  readonly entries: readonly PlannedEntry[];
  /** What is left out, and why. */
  readonly warnings: readonly string[];
}

/**
 * All that is in a folder, in one order. Links are copied as links when they stay inside; what is no file, folder or
 * link, and what can't be read, is left out. `signal` ends it. Throws FILE_FAILED for the folder itself.
 */
export async function planArchive(folder: string, signal: AbortSignal): Promise<ArchivePlan> {
  const entries: PlannedEntry[] = [];
  const warnings: string[] = [];
  await visit('', Buffer.from(folder));
  return { entries, warnings };

  async function visit(path: string, source: Buffer): Promise<void> {
    signal.throwIfAborted();
    // The folder itself may be named through a link.
    const found = await lstat(path === '' ? Buffer.concat([source, Buffer.from('/.')]) : source);
    const common = { path, mode: found.mode & 0o777, mtime: found.mtimeMs, size: 0, target: '' };
    const add = (entry: ArchiveEntry) => entries.push({ entry, source });
    if (found.isSymbolicLink()) {
      const target = nameOf(await readlink(source, 'buffer'));
      if (linkStaysInside(path, target)) add({ ...common, kind: 'link', target });
      else leaveOut(path, `a link that leads out, to ${shownName(target)}`);
      return;
    }
    if (found.isDirectory()) {
      const names = await readdir(source, 'buffer').catch((error: unknown) => {
        if (path === '') throw fileFailure(error, 'read', folder);
        return undefined;
      });
      if (names === undefined) return leaveOut(path, 'it may not be read');
      // One's own folder that is not writable could not be filled on the other side.
      add({ ...common, kind: 'folder', mode: common.mode | 0o700 });
      for (const name of names.sort(Buffer.compare)) {
        const inner = path === '' ? nameOf(name) : `${path}/${nameOf(name)}`;
        await visit(inner, Buffer.concat([source, Buffer.from('/'), name])).catch((error: unknown) => {
          signal.throwIfAborted();
          leaveOut(inner, fileFailure(error, 'read', shownName(inner)).message);
        });
      }
      return;
    }
    if (!found.isFile()) return leaveOut(path, 'neither a file nor a folder');
    const readable = await access(source, constants.R_OK).then(
      () => true,
      () => false,
    );
    if (readable) add({ ...common, kind: 'file', size: found.size });
    else leaveOut(path, 'it may not be read');
  }

  function leaveOut(path: string, why: string): void {
    warnings.push(escapeLine(`${shownName(path)} was left out: ${why}`));
  }
}
