import { stat } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { fileFailure } from '../../files/file-failure.ts';
import type { Host } from '../../host.ts';
import { recursiveNeeded, specialFile } from './copy-job.ts';

/** What is to be copied from here. */
export interface LocalSource {
  /** As it was said. */
  readonly said: string;
  readonly path: string;
  readonly kind: 'file' | 'folder';
  /** What it shall be called in a folder; empty: what is in it goes there (`.`, `folder/.`). */
  readonly name: string;
  readonly size: number;
  readonly mode: number;
  readonly mtime: number;
}

/** Looks at all of them before AWS is asked for anything. Throws FILE_FAILED, COPY_IS_FOLDER, COPY_SPECIAL. */
export function findSources(
  { directories }: Pick<Host, 'directories'>,
  sources: readonly string[],
  recursive: boolean,
): Promise<LocalSource[]> {
  return Promise.all(sources.map(find));

  async function find(said: string): Promise<LocalSource> {
    const path = resolve(directories.working, said);
    const found = await stat(path).catch((error: unknown) => {
      throw fileFailure(error, 'read', said);
    });
    if (!found.isFile() && !found.isDirectory()) throw specialFile(said);
    if (found.isDirectory() && !recursive) throw recursiveNeeded(said);
    return {
      said,
      path,
      kind: found.isFile() ? 'file' : 'folder',
      name: /(?:^|[\\/])\.{1,2}[\\/]*$/.test(said) ? '' : basename(path),
      size: found.size,
      mode: found.mode,
      mtime: found.mtimeMs,
    };
  }
}
