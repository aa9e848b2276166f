import type { Host } from '../host.ts';
import type { JournalRecord } from './journal-record.ts';
import { readJournal } from './read-journal.ts';

/** One row of `forge audit list`: an access with its end, or a step of break-glass. Everything but `at` and `what` may be missing. */
export interface JournalAccess {
  /** ISO-8601 UTC, as the record has it. */
  readonly at: string;
  /** Names all records of the access: `forge audit show`. Of a step of break-glass the request's. */
  readonly id: string | undefined;
  readonly person: string | undefined;
  /** Words of the command (`db connect`), or the step (`breakglass requested`). */
  readonly what: string;
  readonly environment: string | undefined;
  readonly target: string | undefined;
  readonly program: string | undefined;
  readonly write: boolean | undefined;
  readonly reason: string | undefined;
  /** Break-glass session that it was made in. */
  readonly grant: string | undefined;
  /** Undefined: over at once, still open, or its forge was killed. */
  readonly outcome: string | undefined;
  /** Of a failure or refusal. */
  readonly code: string | undefined;
  readonly milliseconds: number | undefined;
  /** How many were recorded on a database; undefined: none were to be, or its forge was killed. */
  readonly statements: number | undefined;
}

export interface AccessList {
  /** Newest first. */
  readonly accesses: readonly JournalAccess[];
  /** Whether there are more than `limit`. */
  readonly more: boolean;
  /** Lines that are no records, among those that were read. */
  readonly unreadable: number;
}

export interface AccessFilter {
  /** Epoch milliseconds. */
  readonly since?: number | undefined;
  readonly environment?: string | undefined;
  /** Undefined: all. */
  readonly limit?: number | undefined;
}

/** What the journal knows of, the newest first. Reads no more months than it needs. */
export async function listAccesses(
  host: Pick<Host, 'directories'>,
  { since, environment, limit = Number.POSITIVE_INFINITY }: AccessFilter,
): Promise<AccessList> {
  const accesses: JournalAccess[] = [];
  const closings = new Map<string, JournalRecord['event']>();
  const counts = new Map<string, number>();
  let unreadable = 0;
  for await (const lines of readJournal(host, since)) {
    for (const { record } of [...lines].reverse()) {
      if (record === undefined) {
        unreadable++;
        continue;
      }
      const { event } = record;
      const id = text(event.id);
      if (event.type === 'access.closed' && id !== undefined) closings.set(id, event);
      if (event.type === 'statements.closed' && id !== undefined && typeof event.statements === 'number')
        counts.set(id, event.statements);
      const access = accessOf(event, closings.get(id ?? ''), counts.get(id ?? ''));
      if (access === undefined || Date.parse(access.at) < (since ?? 0)) continue;
      if (environment !== undefined && access.environment !== environment) continue;
      if (accesses.length >= limit) return { accesses, more: true, unreadable };
      accesses.push(access);
    }
  }
  return { accesses, more: false, unreadable };
}

/** Undefined: a record that belongs to another. Whoever can write the file can put anything in it: nothing is taken for granted. */
function accessOf(
  event: JournalRecord['event'],
  closing: JournalRecord['event'] | undefined,
  statements: number | undefined,
): JournalAccess | undefined {
  const type = text(event.type) ?? '';
  const refused = type === 'access.refused';
  const step = type.startsWith('breakglass.');
  if (!refused && !step && type !== 'access.opened') return undefined;
  const result = refused ? event : closing;
  return {
    at: text(event.at) ?? '',
    id: text(event.id),
    person: text(event.person),
    what: step ? type.replaceAll('.', ' ') : (text(event.purpose) ?? ''),
    environment: text(event.environment),
    target: text(event.target),
    program: text(event.program),
    write: typeof event.write === 'boolean' ? event.write : undefined,
    reason: text(event.reason),
    grant: text(event.breakglass),
    outcome: refused ? 'refused' : text(closing?.outcome),
    code: text(result?.code),
    statements,
    milliseconds: typeof closing?.milliseconds === 'number' ? closing.milliseconds : undefined,
  };
}

const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
