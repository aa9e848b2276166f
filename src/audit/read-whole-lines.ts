import { closeSync, constants, fstatSync, fsyncSync, openSync, readSync } from 'node:fs';
import { ForgeError } from '../errors.ts';
import { fileFailure } from '../files/file-failure.ts';

export interface WholeLine {
  /** Without its line feed. */
  readonly text: string;
  /** Bytes of the file up to and with this line. */
  readonly end: number;
}

/** Longer than any line that forge writes. */
const chunk = 1024 * 1024;

/**
 * The next lines of a file that is only added to, from byte `start` on, about a megabyte of them: those that have their
 * end and that no loss of power can take back. Empty: there are none yet. Throws failed FILE_FAILED.
 */
export function readWholeLines(path: string, start: number): readonly WholeLine[] {
  const { O_RDONLY, O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants;
  let file: number | undefined;
  try {
    file = openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    const found = fstatSync(file);
    if (!found.isFile())
      throw new ForgeError('failed', `${path} is not a file.`, {
        code: 'FILE_FAILED',
        hint: `ls -l ${path}`,
      });
    if (found.size <= start) return [];
    syncIfPossible(file);
    const buffer = Buffer.alloc(Math.min(chunk, found.size - start));
    const bytes = buffer.subarray(0, readSync(file, buffer, 0, buffer.length, start));
    return linesOf(bytes, start);
  } catch (error) {
    throw fileFailure(error, 'read', path);
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

function linesOf(bytes: Buffer, start: number): readonly WholeLine[] {
  const lines: WholeLine[] = [];
  let at = 0;
  for (let end = bytes.indexOf(0x0a); end >= 0; end = bytes.indexOf(0x0a, at)) {
    lines.push({ text: bytes.toString('utf8', at, end), end: start + end + 1 });
    at = end + 1;
  }
  // No line of forge's is as long: what it is can't be evidence, and must not be in the way of what follows.
  if (lines.length === 0 && bytes.length === chunk) lines.push({ text: '', end: start + chunk });
  return lines;
}

/** Windows syncs only what is open for writing; there what the writer synced counts. */
function syncIfPossible(file: number): void {
  try {
    fsyncSync(file);
  } catch {
    // Then a line that a loss of power took back may be in a piece already.
  }
}
