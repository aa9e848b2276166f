import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { changeBytes } from '../../breakglass/protocol/change.ts';
import { ForgeError } from '../../errors.ts';
import { fileFailure } from '../../files/file-failure.ts';
import type { Host } from '../../host.ts';
import { changeProblem } from './change-problem.ts';

export interface ChangeText {
  readonly text: string;
  /** Of the file's bytes. */
  readonly sha256: string;
}

/**
 * A file that is to be run as a change, read once. Throws usage NO_FILE, CHANGE_TOO_LARGE, BAD_SQL_TEXT, CHANGE_REFUSED
 * with the line that can't be run.
 */
export async function readChange(host: Pick<Host, 'directories'>, file: string): Promise<ChangeText> {
  const change = await readChangeBytes(host, file);
  const problem = changeProblem(change.text);
  if (problem === undefined) return change;
  throw new ForgeError('usage', `${file} can’t be run as a change. ${problem}`, {
    code: 'CHANGE_REFUSED',
    hint: "Write it so that it can be run in one transaction, as it stands. Invisible characters in data: E'\\u200d'.",
  });
}

/** The same without a look at what it says: to be compared. */
export async function readChangeBytes(host: Pick<Host, 'directories'>, file: string): Promise<ChangeText> {
  const path = resolve(host.directories.working, file);
  let bytes: Buffer;
  try {
    const { size } = await stat(path);
    if (size > changeBytes) throw tooLarge(file, size);
    bytes = await readFile(path);
  } catch (error) {
    throw error instanceof ForgeError ? error : fileFailure(error, 'read', file);
  }
  if (bytes.length > changeBytes) throw tooLarge(file, bytes.length);
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    return { text, sha256: createHash('sha256').update(bytes).digest('hex') };
  } catch {
    throw new ForgeError('usage', `${file} is not UTF-8 text.`, {
      code: 'BAD_SQL_TEXT',
      hint: 'Convert it first, e.g.: iconv -f latin1 -t utf-8',
    });
  }
}

function tooLarge(file: string, size: number): ForgeError {
  return new ForgeError('usage', `${file} has ${size} bytes; a change may have ${changeBytes}.`, {
    code: 'CHANGE_TOO_LARGE',
    hint: 'Nobody reads more than that before they approve it. Make several changes of it.',
  });
}
