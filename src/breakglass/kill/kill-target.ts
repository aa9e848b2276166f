import { ForgeError } from '../../errors.ts';
import type { AccessCaller } from '../access-account.ts';
import {
  findAliases,
  findByAlias,
  findSession,
  isDenied,
  type RecordReader,
  readKeys,
  readRecords,
} from '../archive/read-records.ts';
import type { BreakGlassPlace } from '../break-glass-place.ts';
import { listGrants } from '../grant/list-grants.ts';
import { isRequestId, type SessionId, shortId } from '../protocol/ids.ts';
import type { ArchiveRecord } from '../protocol/record.ts';
import type { Session } from '../protocol/session.ts';
import { findRequest } from '../request/find-request.ts';
import { type LoadedRequest, loadRequest } from '../request/load-request.ts';

/** Who is to be stopped, and all that lives on the same membership. */
export interface KillTarget {
  readonly id: SessionId;
  /** Undefined: nobody asked for it (tier 0 and 3, or a grant by hand). */
  readonly request: LoadedRequest | undefined;
  /** Record 0; undefined: there is none yet, or it can't be read. */
  readonly session: Session | undefined;
  /** Other grants of the same access, which end with it: there is one membership. */
  readonly sharing: readonly LoadedRequest[];
  /** What the emergency's own forge calls it, for that forge to hear of it; undefined: a request has that name, or it has none. */
  readonly alias?: SessionId | undefined;
}

/** So many of a person's the handlers look at, too: who writes thousands is ended no later than others. */
const mostRequests = 200;

/** Throws usage NO_SUCH_REQUEST, NO_SUCH_SESSION, AMBIGUOUS_ID, and HELD_BY_ANOTHER for what is over while another goes on. */
export async function findKillTarget(
  place: BreakGlassPlace,
  caller: AccessCaller,
  typed: string,
): Promise<KillTarget> {
  if (/^\s*(?:ev|un)-/i.test(typed)) return sessionTarget(place, caller, typed);
  const listed = await findRequest(caller, typed).catch(async (error: unknown) => {
    if (!(error instanceof ForgeError) || error.code !== 'NO_SUCH_REQUEST') throw error;
    const archiveBucket = place.breakGlass.records?.archiveBucket;
    const named = archiveBucket && (await findByAlias({ caller, archiveBucket }, typed));
    if (!named) throw error;
    return named;
  });
  if ('keys' in listed) return sessionTarget(place, caller, listed.id);
  const records = await recordsOf(place, caller, listed.id);
  const session = sessionOf(records ?? []);
  // Others can have copied the id: it is the one who got in by it, where somebody did.
  const theirs = await findRequest(caller, listed.id, session ?? { userId: listed.userId });
  const request = await loadRequest(place, caller, theirs);
  const open = (await listGrants(place, caller, { all: false, userId: theirs.userId, most: mostRequests }))
    .found;
  const sharing = open.filter(
    (other) =>
      other.id !== request.id &&
      other.state.status === 'granted' &&
      other.request.groupId === request.request.groupId,
  );
  const { status } = request.state;
  const [other] = sharing;
  if (status !== 'granted' && status !== 'waiting' && other !== undefined) {
    throw new ForgeError('usage', `${shortId(request.id)} is over; the access goes on by another grant.`, {
      code: 'HELD_BY_ANOTHER',
      hint: `End that: forge breakglass kill ${shortId(other.id)}`,
    });
  }
  return {
    id: request.id,
    request,
    session,
    // Who only waits for more time is stopped alone: what was granted is another's matter.
    sharing: status === 'granted' ? sharing : [],
  };
}

/** Emergencies that were given the id of what was ended: whoever opens one names it, also like something else. */
export async function namedAlike(
  place: BreakGlassPlace,
  caller: AccessCaller,
  { id }: KillTarget,
): Promise<readonly SessionId[]> {
  const archiveBucket = place.breakGlass.records?.archiveBucket;
  if (archiveBucket === undefined) return [];
  try {
    return (await findAliases({ caller, archiveBucket }, id)).map((found) => found.id);
  } catch (error) {
    if (isDenied(error)) return [];
    throw error;
  }
}

/** Undefined: they can't be read with these rights, or forge.yaml does not say where they are. */
export async function recordsOf(
  place: BreakGlassPlace,
  caller: AccessCaller,
  id: SessionId,
): Promise<readonly ArchiveRecord[] | undefined> {
  const archiveBucket = place.breakGlass.records?.archiveBucket;
  if (archiveBucket === undefined) return undefined;
  try {
    return await readRecords({ caller, archiveBucket }, id);
  } catch (error) {
    if (isDenied(error)) return undefined;
    throw error;
  }
}

async function sessionTarget(
  place: BreakGlassPlace,
  caller: AccessCaller,
  typed: string,
): Promise<KillTarget> {
  const archiveBucket = place.breakGlass.records?.archiveBucket;
  if (archiveBucket === undefined) {
    throw new ForgeError('usage', 'forge.yaml does not say where the records are.', {
      code: 'BREAK_GLASS_UNCONFIGURED',
      hint: 'It needs break_glass.records.archive_bucket: docs/configuration.md',
    });
  }
  const reader: RecordReader = { caller, archiveBucket };
  const listed = await findSession(reader, typed);
  const records = listed === undefined ? [] : await readKeys(reader, listed.keys.slice(0, 1));
  const session = sessionOf(records);
  if (listed === undefined || session === undefined) {
    throw new ForgeError('usage', `There is no session ${JSON.stringify(typed.trim())}.`, {
      code: 'NO_SUCH_SESSION',
      hint: 'Ids look like bg-7f3k, ev-1c3d or un-0f2e. What there was: forge breakglass history',
    });
  }
  return { id: listed.id, request: undefined, session, sharing: [], alias: await aliasOf(caller, session) };
}

/** Whoever opens an emergency chooses the name: it must not be one by which somebody else's request is stopped. */
async function aliasOf(caller: AccessCaller, { clientId }: Session): Promise<SessionId | undefined> {
  if (clientId === undefined || !isRequestId(clientId)) return undefined;
  try {
    await findRequest(caller, clientId);
    return undefined;
  } catch (error) {
    if (error instanceof ForgeError && error.code === 'NO_SUCH_REQUEST') return clientId;
    throw error;
  }
}

const sessionOf = ([first]: readonly ArchiveRecord[]): Session | undefined =>
  first?.kind === 'open' ? first.body.session : undefined;
