import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { Host } from '../host.ts';
import { journalFiles, journalFolder } from './journal.ts';
import { readWholeLines } from './read-whole-lines.ts';

/** A place in the journal, which is only ever added to. */
export interface JournalPosition {
  /** Name of the month's file; empty: before the first. */
  readonly file: string;
  /** In bytes. */
  readonly offset: number;
}

/** Where the next record will be. */
export function endOfJournal(host: Pick<Host, 'directories'>): JournalPosition {
  const folder = journalFolder(host);
  const file = journalFiles(folder).at(-1);
  return file === undefined ? { file: '', offset: 0 } : { file, offset: statSync(join(folder, file)).size };
}

/** The next lines from there on that the disk has, each with the position behind it; none: that is all. */
export function readJournalFrom(
  host: Pick<Host, 'directories'>,
  from: JournalPosition,
): readonly { readonly text: string; readonly next: JournalPosition }[] {
  const folder = journalFolder(host);
  for (const file of journalFiles(folder)) {
    if (file < from.file) continue;
    const start = file === from.file ? from.offset : 0;
    const lines = readWholeLines(join(folder, file), start);
    if (lines.length > 0) return lines.map(({ text, end }) => ({ text, next: { file, offset: end } }));
  }
  return [];
}
