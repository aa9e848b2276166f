import { ForgeError } from '../errors.ts';
import type { IdentityParts } from '../identity/identity-parts.ts';
import { type AccessCaller, accessAccount, requesterAccount } from './access-account.ts';
import {
  inParallel,
  isDenied,
  type ListedSession,
  listSessions,
  readRecord,
} from './archive/read-records.ts';
import type { BreakGlassPlace } from './break-glass-place.ts';
import { ownEmergencies } from './emergency/own-emergencies.ts';
import { loadOrNothing } from './grant/list-grants.ts';
import { type ListedRequest, listRequests } from './intake.ts';
import type { ArchiveRecord } from './protocol/record.ts';
import { rowOfRecords, rowOfRequest, type SessionRow } from './session-row.ts';

export interface HistoryFilter {
  /** Epoch milliseconds: opened or asked for since. */
  readonly since: number | undefined;
  readonly environment: string | undefined;
  /** A user name, or what it begins with. */
  readonly person: string | undefined;
  /** Undefined: all of them. */
  readonly limit: number | undefined;
}

export interface History {
  /** The newest first. */
  readonly rows: readonly SessionRow[];
  /** There are more. */
  readonly more: boolean;
  /** `intake`: what was asked for and decided, where the records can't be read, with the journal of this machine. */
  readonly from: 'archive' | 'intake';
}

/** So many are read before the next look at whether there are enough. */
const batch = 24;
/** A session's end stands early in its records: what comes behind is evidence and exports. */
const mostRecords = 40;

/** Past and present sessions: of everybody from the records where the caller may read them, else from the intake. */
export async function readHistory(
  parts: IdentityParts,
  place: BreakGlassPlace,
  filter: HistoryFilter,
): Promise<History> {
  const reader = await findReader(parts, place);
  if (reader !== undefined) {
    const listed = (await listSessions(reader)).filter(({ openedAt }) => openedAt >= (filter.since ?? 0));
    const read = (some: readonly ListedSession[]) => inParallel(some, (one) => rowOf(reader, one, filter));
    return { ...(await collect(listed, read, filter)), from: 'archive' };
  }
  const caller = await requesterAccount(parts, place)();
  const listed = (await listRequests(caller)).filter(
    ({ lastModified }) => lastModified >= (filter.since ?? 0),
  );
  const read = (some: readonly ListedRequest[]) =>
    inParallel(some, async (one) => {
      const loaded = await loadOrNothing(place, caller, one);
      return loaded && rowOfRequest(loaded);
    });
  const asked = await collect(listed, read, filter);
  const own = (await ownEmergencies(parts.host)).filter(
    (row) => (row.openedAt ?? 0) >= (filter.since ?? 0) && fits(row, filter),
  );
  const rows = [...asked.rows, ...own].sort((a, b) => timeOf(b) - timeOf(a)).slice(0, filter.limit);
  return { rows, more: asked.more || rows.length < asked.rows.length + own.length, from: 'intake' };
}

/** Whoever may read records, by any of the sets that can; undefined: the person holds none. */
export async function findReader(
  parts: IdentityParts,
  place: BreakGlassPlace,
): Promise<{ readonly caller: AccessCaller; readonly archiveBucket: string } | undefined> {
  const { records, auditPermissionSet, killPermissionSet, approvers } = place.breakGlass;
  const approve = [...approvers.values()].map(({ permissionSet }) => permissionSet);
  const [first, ...others] = [auditPermissionSet, killPermissionSet, ...approve].filter(
    (name) => name !== undefined,
  );
  if (first === undefined || records?.archiveBucket === undefined) return undefined;
  try {
    const caller = await accessAccount(parts, place, [first, ...others])();
    return { caller, archiveBucket: records.archiveBucket };
  } catch (error) {
    if (error instanceof ForgeError && isDenied(error)) return undefined;
    throw error;
  }
}

async function collect<Item>(
  items: readonly Item[],
  read: (some: readonly Item[]) => Promise<readonly (SessionRow | undefined)[]>,
  filter: HistoryFilter,
): Promise<Pick<History, 'rows' | 'more'>> {
  const rows: SessionRow[] = [];
  const { limit = Number.POSITIVE_INFINITY } = filter;
  for (let index = 0; index < items.length; index += batch) {
    if (rows.length > limit) break;
    const some = await read(items.slice(index, index + batch));
    rows.push(...some.filter((row) => row !== undefined).filter((row) => fits(row, filter)));
  }
  return { rows: rows.slice(0, filter.limit), more: rows.length > limit };
}

const fits = (row: SessionRow, { environment, person }: HistoryFilter): boolean =>
  (environment === undefined || row.environment === environment) &&
  (person === undefined || row.userName?.toLowerCase().startsWith(person.toLowerCase()) === true);

/** Record 0 first: what is not wanted is read no further. */
export async function rowOf(
  reader: Parameters<typeof readRecord>[0],
  { keys }: ListedSession,
  filter: HistoryFilter,
): Promise<SessionRow | undefined> {
  const now = reader.caller.aws.now();
  const records: ArchiveRecord[] = [];
  for (const key of keys.slice(0, mostRecords)) {
    const record = await readRecord(reader, key);
    if (record === undefined) continue;
    records.push(record);
    const row = records.length === 1 ? rowOfRecords(records, now) : undefined;
    if (row !== undefined && !fits(row, filter)) return undefined;
    if (record.kind === 'revoke') break;
  }
  const last = keys.at(-1);
  const end = last === undefined ? undefined : await readRecord(reader, last);
  return rowOfRecords(end === undefined ? records : [...records, end], now);
}

const timeOf = ({ openedAt, endsAt }: SessionRow): number => openedAt ?? endsAt ?? 0;
