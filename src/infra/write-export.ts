import { randomBytes } from 'node:crypto';
import { open, readdir, rename, rm, rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileFailure } from '../files/file-failure.ts';
import { makeFolders } from '../files/private-directory.ts';
import type { Host } from '../host.ts';
import { type Manifest, manifestFile } from './plan-export.ts';

/**
 * Everything is written beside its place first, and then renamed, the manifest last: what is interrupted before the renames
 * leaves nothing, and after them typing the same again goes on, because what has its new content already is not edited.
 */
export async function writeExport(
  { signal }: Pick<Host, 'signal'>,
  folder: string,
  files: ReadonlyMap<string, Uint8Array>,
  manifest: Manifest,
): Promise<void> {
  const suffix = `.${randomBytes(6).toString('hex')}.forge`;
  const all = [
    ...files,
    [manifestFile, new TextEncoder().encode(`${JSON.stringify(manifest, null, 2)}\n`)] as const,
  ];
  const staged: { readonly from: string; readonly to: string }[] = [];
  const made: string[] = [];
  let current = folder;
  try {
    for (const [path, bytes] of all) {
      signal.throwIfAborted();
      const to = join(folder, path);
      current = to;
      const first = makeFolders(dirname(to), 0o755);
      if (first !== undefined) made.push(first);
      staged.push({ from: `${to}${suffix}`, to });
      const file = await open(`${to}${suffix}`, 'wx', 0o644);
      try {
        await file.writeFile(bytes);
        await file.sync();
      } finally {
        await file.close();
      }
    }
    signal.throwIfAborted();
    // From here on it is quick, and is not interrupted.
    for (const { from, to } of staged) {
      current = to;
      await rename(from, to);
    }
  } catch (error) {
    for (const { from } of staged) await rm(from, { force: true }).catch(() => {});
    // Folders that this made, as far as they are empty.
    for (const path of made.reverse()) await removeEmpty(path);
    signal.throwIfAborted();
    throw fileFailure(error, 'write', current);
  }
}

/** A folder that somebody else uses by now stays. */
async function removeEmpty(path: string): Promise<void> {
  try {
    for (const entry of await readdir(path, { withFileTypes: true })) {
      if (entry.isDirectory()) await removeEmpty(join(path, entry.name));
    }
    await rmdir(path);
  } catch {
    // It is not empty.
  }
}
