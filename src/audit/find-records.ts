import { isSessionId, matchesShortId } from '../breakglass/protocol/ids.ts';
import { ForgeError } from '../errors.ts';
import type { Host } from '../host.ts';
import type { JournalRecord } from './journal-record.ts';
import { readJournal } from './read-journal.ts';

/**
 * All records of one access, or of one break-glass session and every access that was made in it; oldest first. `typed`:
 * an id in full, four characters or more of an access's beginning, or a short id of break-glass. Throws usage
 * NO_SUCH_RECORD, AMBIGUOUS_ID.
 */
export async function findRecords(
  host: Pick<Host, 'directories'>,
  typed: string,
): Promise<{ readonly id: string; readonly records: readonly JournalRecord[] }> {
  const months: JournalRecord[][] = [];
  for await (const lines of readJournal(host))
    months.unshift(lines.flatMap(({ record }) => (record === undefined ? [] : [record])));
  const records = months.flat();
  const id = theOne(typed, new Set(records.flatMap(({ event }) => namesIn(event))));
  const within = new Set<unknown>([id]);
  for (const { event } of records)
    if (namesIn(event).includes(id) && event.id !== undefined) within.add(event.id);
  return { id, records: records.filter(({ event }) => within.has(event.id)) };
}

/** What a record can be asked for by. */
function namesIn({ id, breakglass, extends: prolonged }: JournalRecord['event']): readonly string[] {
  return [id, breakglass, prolonged].filter(
    (name): name is string => typeof name === 'string' && name !== '',
  );
}

function theOne(typed: string, ids: ReadonlySet<string>): string {
  const wanted = typed.trim();
  const found = ids.has(wanted) ? [wanted] : [...ids].filter((id) => names(wanted, id));
  const [only, ...others] = found;
  if (only !== undefined && others.length === 0) return only;
  if (only === undefined) {
    throw new ForgeError('usage', `The journal has no record of ${JSON.stringify(typed)}.`, {
      code: 'NO_SUCH_RECORD',
      hint: 'Ids are in its column ID: forge audit list. What the archive has: forge audit show --archive <id>',
    });
  }
  throw new ForgeError('usage', `${JSON.stringify(typed)} could be any of ${found.length}.`, {
    code: 'AMBIGUOUS_ID',
    hint: `Say more of it: ${found.slice(0, 5).join(', ')}${found.length > 5 ? ', …' : ''}`,
  });
}

function names(typed: string, id: string): boolean {
  if (isSessionId(id)) return matchesShortId(typed, id);
  return typed.length >= 4 && id.startsWith(typed.toLowerCase());
}
