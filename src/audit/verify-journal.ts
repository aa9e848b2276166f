import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { type JournalHost, journalFiles, journalFolder } from './journal.ts';
import { firstPrevious, type JournalRecord, parseRecord } from './journal-record.ts';
import { linesOf, readJournalFile } from './read-journal.ts';
import { type FoundStream, statementStreams } from './statement-stream.ts';

export interface JournalVerification {
  readonly records: number;
  /** Lines that a killed process or a full disk left unfinished; each is followed by a record that says so. */
  readonly torn: number;
  /** False when the first record continues one that is not there any more (older months were removed). */
  readonly complete: boolean;
  /** The first place where the chain is broken. */
  readonly problem: { readonly file: string; readonly line: number; readonly reason: string } | undefined;
  /** Of statements, as far as the journal is whole. */
  readonly streams: readonly FoundStream[];
}

/** Reads the whole journal and checks every hash and every link. */
export async function verifyJournal(host: Pick<JournalHost, 'directories'>): Promise<JournalVerification> {
  const folder = journalFolder(host);
  let records = 0;
  let torn = 0;
  let complete = true;
  let previous: string | undefined;
  let lost: { readonly file: string; readonly line: number; readonly sha256: string } | undefined;
  const ofStreams: JournalRecord[] = [];
  const broken = (file: string, line: number, reason: string): JournalVerification => ({
    records,
    torn,
    complete,
    problem: { file, line, reason },
    streams: [],
  });
  for (const name of journalFiles(folder)) {
    const file = join(folder, name);
    let line = 0;
    for (const bytes of linesOf(readJournalFile(file))) {
      line++;
      const record = parseRecord(bytes.toString('utf8'));
      if (record === undefined) {
        if (lost !== undefined) return broken(lost.file, lost.line, 'this line is not a record');
        lost = { file, line, sha256: createHash('sha256').update(bytes).digest('hex') };
        continue;
      }
      if (lost !== undefined) {
        const explained = record.event.type === 'journal.resumed' && record.event.lostSha256 === lost.sha256;
        if (!explained) return broken(lost.file, lost.line, 'this line is not a record');
        torn++;
        lost = undefined;
      }
      if (previous === undefined) complete = record.previous === firstPrevious;
      else if (record.previous !== previous)
        return broken(file, line, 'it does not continue the record before it');
      previous = record.hash;
      if (String(record.event.type).startsWith('statements.')) ofStreams.push(record);
      records++;
    }
  }
  if (lost !== undefined) return broken(lost.file, lost.line, 'this line is not a record');
  return { records, torn, complete, problem: undefined, streams: statementStreams(host, ofStreams) };
}
