import type { Access, AccessParts } from '../../access/with-access.ts';
import type { AuditEvent } from '../../audit/audit-events.ts';
import { appendToJournal } from '../../audit/journal.ts';
import { ForgeError } from '../../errors.ts';
import type { CopyResult } from './copy-job.ts';

/** Which file is about to leave or enter an instance. In production no record means no copy. */
export function recordCopyBegins(
  parts: AccessParts,
  access: Access,
  direction: string,
  remotePath: string,
): Promise<void> {
  return record(parts, access, {
    type: 'access.copying',
    ...namesOf(access),
    direction,
    path: remotePath,
  });
}

/** What has been copied: never its content. */
export function recordCopyDone(
  parts: AccessParts,
  access: Access,
  direction: string,
  remotePath: string,
  { kind, bytes, sha256 }: CopyResult,
): Promise<void> {
  return record(parts, access, {
    type: 'access.copied',
    ...namesOf(access),
    direction,
    path: remotePath,
    kind,
    bytes,
    sha256,
  });
}

const namesOf = ({ id, breakglass }: Access) => ({ id, breakglass });

async function record(parts: AccessParts, access: Access, event: AuditEvent): Promise<void> {
  try {
    await appendToJournal(parts.host, event);
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
