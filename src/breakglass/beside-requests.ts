import type { IdentityParts } from '../identity/identity-parts.ts';
import { findByAlias, findSession, inParallel, listSessions, readKeys } from './archive/read-records.ts';
import type { BreakGlassPlace } from './break-glass-place.ts';
import { ownEmergencies } from './emergency/own-emergencies.ts';
import { findReader, rowOf } from './history.ts';
import { isSessionId, matchesShortId } from './protocol/ids.ts';
import { reportRecords } from './report/report-records.ts';
import { rowOfRecords, type SessionRow } from './session-row.ts';

/** Longest that any access lasts, and as much again as a record may be late. */
const recentMs = 13 * 3_600_000;
const everything = { since: undefined, environment: undefined, person: undefined, limit: undefined };

/**
 * Sessions that no request is of: emergencies, and grants that nobody asked for. From the records for whoever may read
 * them; of others their own, from this machine's journal. The newest first; without `all` only what is open.
 */
export async function listBesideRequests(
  parts: IdentityParts,
  place: BreakGlassPlace,
  all: boolean,
): Promise<readonly SessionRow[]> {
  const reader = await findReader(parts, place);
  if (reader === undefined) {
    const own = (await ownEmergencies(parts.host)).filter(({ status }) => all || status === 'open');
    return [...own].sort((a, b) => (b.openedAt ?? 0) - (a.openedAt ?? 0));
  }
  const oldest = all ? 0 : reader.caller.aws.now() - recentMs;
  const listed = [
    ...(await listSessions(reader, 'sessions/EV-')),
    ...(await listSessions(reader, 'sessions/UN-')),
  ]
    .filter(({ openedAt }) => openedAt >= oldest)
    .sort((a, b) => b.openedAt - a.openedAt);
  const rows = await inParallel(listed, (one) => rowOf(reader, one, everything));
  return rows
    .filter((row) => row !== undefined)
    .filter(
      ({ status, sealed }) =>
        all || status === 'open' || status === 'overdue' || (status === 'unsanctioned' && sealed !== true),
    );
}

export interface FoundSession {
  readonly row: SessionRow;
  /** Lines for people; unescaped. */
  readonly lines: readonly (readonly [title: string, value: string])[];
}

/** The session that `typed` names, by its own id or the one that the person's forge gave it; undefined: none that may be seen. */
export async function findBesideRequests(
  parts: IdentityParts,
  place: BreakGlassPlace,
  typed: string,
): Promise<FoundSession | undefined> {
  const reader = await findReader(parts, place);
  const listed = reader && ((await findSession(reader, typed)) ?? (await findByAlias(reader, typed)));
  if (reader !== undefined && listed !== undefined) {
    const records = await readKeys(reader, listed.keys);
    const row = rowOfRecords(records, reader.caller.aws.now());
    return row && { row, lines: [['Session', row.id], ...(reportRecords(records)?.facts ?? [])] };
  }
  const own = (await ownEmergencies(parts.host)).find(
    ({ id }) => id === typed.trim() || (isSessionId(id) && matchesShortId(typed, id)),
  );
  if (own === undefined) return undefined;
  const lines: (readonly [string, string | undefined])[] = [
    ['Session', own.id],
    ['Status', own.status],
    ['Who', own.userName],
    ['Tier', own.tier === undefined ? undefined : String(own.tier)],
    ['Environment', own.environment],
    ['Ticket', own.ticket],
    ['Reason', own.reason],
  ];
  return {
    row: own,
    lines: lines.flatMap(([title, value]) => (value === undefined ? [] : [[title, value] as const])),
  };
}
