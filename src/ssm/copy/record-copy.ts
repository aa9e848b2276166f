import type { Access, AccessParts } from '../../access/with-access.ts';
import { appendToJournal } from '../../audit/journal.ts';
import type { JournalEvent } from '../../audit/journal-record.ts';
import { ForgeError } from '../../errors.ts';
import type { CopyResult } from './copy-job.ts';

/** Which file is about to leave or enter an instance. In production no record means no copy. */
export function recordCopyBegins(
  parts: AccessParts,
  access: Access,
  direction: string,
  remotePath: string,
): Promise<void> {
  return record(parts, access, { type: 'access.copying', direction, path: remotePath });
}

/** What has been copied: never its content. */
export function recordCopyDone(
  parts: AccessParts,
  access: Access,
  direction: string,
  remotePath: string,
  { kind, bytes, sha256 }: CopyResult,
): Promise<void> {
  return record(parts, access, { type: 'access.copied', direction, path: remotePath, kind, bytes, sha256 });
}

async function record(parts: AccessParts, access: Access, event: JournalEvent): Promise<void> {
  try {
    await appendToJournal(parts.host, { ...event, id: access.id });
  } catch (error) {
    parts.host.signal.throwIfAborted();
    const why = error instanceof Error ? error.message : String(error);
    if (access.target.environment?.production !== true) {
      return parts.output.warn(`This copy is not in the journal. ${why}`);
    }
    throw new ForgeError('failed', `Can't copy in production without a record of it. ${why}`, {
      code: 'JOURNAL_FAILED',
      hint: error instanceof ForgeError ? error.hint : undefined,
      cause: error,
    });
  }
}
