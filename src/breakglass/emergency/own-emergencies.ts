import type { JournalEvent } from '../../audit/journal-record.ts';
import { readJournal } from '../../audit/read-journal.ts';
import type { Host } from '../../host.ts';
import type { SessionRow } from '../session-row.ts';

/** What this machine's own forge opened without asking anybody: tier 0 and 3, from its journal. In no order. */
export async function ownEmergencies(
  host: Pick<Host, 'directories' | 'now'>,
): Promise<readonly SessionRow[]> {
  const opened = new Map<string, JournalEvent & { readonly at: string }>();
  const ended = new Map<string, number>();
  const note = (id: string, at: number) => ended.set(id, Math.min(at, ended.get(id) ?? at));
  for await (const lines of readJournal(host)) {
    for (const { record } of lines) {
      const event = record?.event;
      if (event === undefined || typeof event.id !== 'string') continue;
      if (event.type === 'breakglass.emergency') opened.set(event.id, event);
      if (event.type === 'breakglass.session.closed') note(event.id, Date.parse(event.at));
      // Of a forge that was killed this is all that tells.
      if (event.type === 'breakglass.credentials') note(event.id, Date.parse(String(event.expiresAt)));
    }
  }
  return [...opened].map(([id, event]) => rowOf(id, event, ended.get(id), host.now()));
}

function rowOf(
  id: string,
  event: JournalEvent & { readonly at: string },
  endsAt: number | undefined,
  now: number,
): SessionRow {
  const text = (value: unknown) => (typeof value === 'string' ? value : undefined);
  return {
    id,
    alias: undefined,
    status: endsAt !== undefined && endsAt > now ? 'open' : 'ended',
    userName: text(event.person),
    tier: typeof event.tier === 'number' ? event.tier : undefined,
    scenario: undefined,
    environment: text(event.environment),
    openedAt: Date.parse(event.at),
    endsAt,
    approvers: [],
    ticket: text(event.ticket),
    reason: text(event.reason),
    sealed: undefined,
  };
}
