import { getObject, listObjects } from '../../aws/s3.ts';
import { ForgeError } from '../../errors.ts';
import type { AccessCaller } from '../access-account.ts';
import { isSessionId, matchesShortId, type SessionId } from '../protocol/ids.ts';
import { parseRecordKey, sessionPrefix } from '../protocol/keys.ts';
import { type ArchiveRecord, parseRecord, recordBytes } from '../protocol/record.ts';

/** Whose records: the caller's keys, and the bucket that the records are in. */
export interface RecordReader {
  readonly caller: AccessCaller;
  readonly archiveBucket: string;
}

/** A session by what a listing tells of it, without reading anything. */
export interface ListedSession {
  readonly id: SessionId;
  /** When record 0 was written, epoch milliseconds, the bucket's clock. */
  readonly openedAt: number;
  /** Keys of its records, in order. */
  readonly keys: readonly string[];
}

/** Sessions under a prefix (`sessions/`, `sessions/EV-`), the newest first. Needs s3:ListBucket of it, and no more. */
export async function listSessions(
  { caller, archiveBucket: bucket }: RecordReader,
  prefix = 'sessions/',
): Promise<readonly ListedSession[]> {
  const { aws, region, keys } = caller;
  const found = new Map<SessionId, { openedAt: number; keys: string[] }>();
  for await (const page of listObjects(aws, region, keys, { bucket, prefix })) {
    for (const { key, lastModified } of page) {
      const place = parseRecordKey(key);
      if (place === undefined) continue;
      const session = found.get(place.session) ?? { openedAt: lastModified, keys: [] };
      if (place.seq === 0) session.openedAt = lastModified;
      session.keys.push(key);
      found.set(place.session, session);
    }
  }
  return [...found]
    .map(([id, session]) => ({ id, ...session, keys: session.keys.sort() }))
    .sort((a, b) => b.openedAt - a.openedAt || (a.id < b.id ? 1 : -1));
}

/** All records of a session, as far as they can be read; none where there is no session. Whether they are whole: `verify`. */
export async function readRecords(reader: RecordReader, id: SessionId): Promise<readonly ArchiveRecord[]> {
  const [session] = await listSessions(reader, `${sessionPrefix(id)}0`);
  return session === undefined ? [] : readKeys(reader, session.keys);
}

/** The records at these keys, in order; what is none is left out. */
export async function readKeys(
  reader: RecordReader,
  recordKeys: readonly string[],
): Promise<readonly ArchiveRecord[]> {
  const read = await inParallel(recordKeys, (key) => readRecord(reader, key));
  return read.filter((record) => record !== undefined);
}

/** Undefined: it is no record. */
export async function readRecord(
  { caller: { aws, region, keys }, archiveBucket: bucket }: RecordReader,
  key: string,
): Promise<ArchiveRecord | undefined> {
  const object = await getObject(aws, region, keys, { bucket, key, limit: recordBytes });
  const parsed = object && parseRecord(object.bytes);
  return parsed?.ok === true ? parsed.value : undefined;
}

const atOnce = 12;

/** In the order of `items`, so many at a time. */
export async function inParallel<Item, Value>(
  items: readonly Item[],
  act: (item: Item) => Promise<Value>,
): Promise<readonly Value[]> {
  const done: Value[] = [];
  let next = 0;
  const work = async () => {
    for (let index = next++; index < items.length; index = next++)
      done[index] = await act(items[index] as Item);
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, work));
  return done;
}

/** The session that `typed` names, of those with records; undefined: none. Throws usage AMBIGUOUS_ID. */
export async function findSession(reader: RecordReader, typed: string): Promise<ListedSession | undefined> {
  const wanted = typed.trim();
  const kind = /^(bg|ev|un)-/i.exec(wanted)?.[1]?.toUpperCase();
  if (kind === undefined) return undefined;
  const prefix = isSessionId(wanted) ? sessionPrefix(wanted) : `sessions/${kind}-`;
  const found = (await listSessions(reader, prefix)).filter(
    ({ id }) => id === wanted || matchesShortId(wanted, id),
  );
  if (found.length < 2) return found[0];
  throw ambiguous(wanted, found);
}

function ambiguous(typed: string, found: readonly ListedSession[]): ForgeError {
  const ids = found.slice(0, 5).map(({ id }) => id);
  return new ForgeError('usage', `${JSON.stringify(typed)} could be any of ${found.length} sessions.`, {
    code: 'AMBIGUOUS_ID',
    hint: `Say more of it: ${ids.join(', ')}${found.length > 5 ? ', …' : ''}`,
  });
}

/** So far back is an emergency looked for by the name that its person's forge gave it. */
const aliasMs = 14 * 86_400_000;

/**
 * The emergency that was opened as `BG-…` before AWS had an event of it; undefined: none of the last days. Whoever opens one
 * names it: throws usage AMBIGUOUS_ID where several have the name.
 */
export async function findByAlias(reader: RecordReader, typed: string): Promise<ListedSession | undefined> {
  const found = await findAliases(reader, typed);
  if (found.length < 2) return found[0];
  throw ambiguous(typed, found);
}

/** All emergencies of the last days that `typed` names so. */
export async function findAliases(reader: RecordReader, typed: string): Promise<readonly ListedSession[]> {
  if (!/^\s*bg-/i.test(typed)) return [];
  const oldest = reader.caller.aws.now() - aliasMs;
  const listed = (await listSessions(reader, 'sessions/EV-')).filter(({ openedAt }) => openedAt >= oldest);
  const found = await inParallel(listed, async (one) => {
    const [key] = one.keys;
    const open = key === undefined ? undefined : await readRecord(reader, key);
    const alias = open?.kind === 'open' ? open.body.session.clientId : undefined;
    return alias !== undefined && (alias === typed.trim() || matchesShortId(typed, alias)) ? one : undefined;
  });
  return found.filter((one) => one !== undefined);
}

/** Whether a call was refused for want of a right. */
export const isDenied = (error: unknown): boolean =>
  error instanceof ForgeError && error.code === 'ACCESS_DENIED';
