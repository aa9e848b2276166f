import { join } from 'node:path';
import { journalFiles, journalFolder } from '../../audit/journal.ts';
import { parseRecord } from '../../audit/journal-record.ts';
import { linesOf, readJournalFile } from '../../audit/read-journal.ts';
import type { Host } from '../../host.ts';

/** Until so long after an end AWS may refuse what was issued since: a minute, whole seconds, and this machine's clock. */
const graceMs = 75_000;

const ends: ReadonlySet<string> = new Set([
  'breakglass.session.closed',
  'breakglass.ending',
  'breakglass.ended',
]);

/**
 * What the server side does about a grant that ended a moment ago can still meet the keys of the next one, as long as AWS
 * has not told it of that: keys that are newer than this moment (epoch milliseconds) are safe. Undefined: nothing
 * of this person's ended here lately.
 */
export function safeAfterRecentEnd(host: Pick<Host, 'directories' | 'now'>): number | undefined {
  const folder = journalFolder(host);
  const file = journalFiles(folder).at(-1);
  if (file === undefined) return undefined;
  const now = host.now();
  // A journal can be long, and only its last moments count.
  for (const line of linesOf(readJournalFile(join(folder, file))).toReversed()) {
    const event = parseRecord(line.toString('utf8'))?.event;
    if (event === undefined) continue;
    const at = Date.parse(event.at);
    if (at + graceMs <= now) return undefined;
    if (ends.has(event.type) && at <= now) return at + graceMs;
  }
  return undefined;
}
