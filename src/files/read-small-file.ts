import { closeSync, constants, openSync, readFileSync } from 'node:fs';
import { fileFailure } from './file-failure.ts';

/** The text of a small file, read at once; undefined when there is no such file. Never waits for a pipe's writer. */
export function readSmallFile(path: string): string | undefined {
  let file: number | undefined;
  try {
    file = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw fileFailure(error, 'read', path);
  } finally {
    if (file !== undefined) closeSync(file);
  }
}
