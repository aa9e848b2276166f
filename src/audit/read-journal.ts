import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ForgeError } from '../errors.ts';
import { fileFailure } from '../files/file-failure.ts';
import type { Host } from '../host.ts';
import { journalFiles, journalFolder } from './journal.ts';
import { type JournalRecord, parseRecord } from './journal-record.ts';

/** One line of the journal, and where it is. */
export interface JournalLine {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** Undefined: no record, or one whose bytes were changed. */
  readonly record: JournalRecord | undefined;
}

/** A month after the other, the newest first, each with its lines as they were written. `since` in epoch milliseconds. */
export async function* readJournal(
  host: Pick<Host, 'directories'>,
  since = Number.NEGATIVE_INFINITY,
): AsyncGenerator<readonly JournalLine[], void, undefined> {
  const folder = journalFolder(host);
  const names = journalFiles(folder);
  // A file holds nothing that is older than its name: a clock that went back stays in the newest.
  const first = since > 0 ? `${new Date(since).toISOString().slice(0, 7)}.jsonl` : '';
  for (const name of names.reverse()) {
    if (name < first) return;
    const file = join(folder, name);
    yield linesOf(readJournalFile(file)).map((bytes, index) => ({
      file,
      line: index + 1,
      record: parseRecord(bytes.toString('utf8')),
    }));
  }
}

/** The bytes of a regular file, and of nothing else: a pipe of that name would be waited for. */
export function readJournalFile(path: string): Buffer {
  const { O_RDONLY, O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants;
  let file: number | undefined;
  try {
    file = openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    if (fstatSync(file).isFile()) return readFileSync(file);
  } catch (error) {
    throw fileFailure(error, 'read', path);
  } finally {
    if (file !== undefined) closeSync(file);
  }
  throw new ForgeError('failed', `The journal ${path} is not a file.`, {
    code: 'UNSAFE_JOURNAL',
    hint: `Look at it: ls -l ${path}`,
  });
}

/** Without the line feeds; what follows the last one is a line too, when there is something. */
export function linesOf(bytes: Buffer): readonly Buffer[] {
  const lines: Buffer[] = [];
  for (let start = 0; start < bytes.length; ) {
    const found = bytes.indexOf(0x0a, start);
    const end = found < 0 ? bytes.length : found;
    lines.push(bytes.subarray(start, end));
    start = end + 1;
  }
  return lines;
}
