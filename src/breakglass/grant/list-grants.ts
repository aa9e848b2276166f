import { ForgeError } from '../../errors.ts';
import type { AccessCaller } from '../access-account.ts';
import type { BreakGlassPlace } from '../break-glass-place.ts';
import { type ListedRequest, listRequests } from '../intake.ts';
import { type LoadedRequest, loadRequest } from '../request/load-request.ts';

export interface GrantFilter {
  /** Also what is over. */
  readonly all: boolean;
  /** Of one person only. */
  readonly userId?: string;
  /** The newest only: what comes first must not wait for all that somebody wrote. */
  readonly most?: number;
}

export interface GrantList {
  /** The newest first. */
  readonly found: readonly LoadedRequest[];
  /** What stands there and is no request. */
  readonly unreadable: readonly ListedRequest[];
}

/** So many are read at a time. */
const atOnce = 8;
/** Longest that any access lasts. */
const longestMs = 12 * 3_600_000;

/** Requests and what became of them. What can't be open any more, by its age alone, is read with `all` only. */
export async function listGrants(
  place: BreakGlassPlace,
  caller: AccessCaller,
  { all, userId, most }: GrantFilter,
): Promise<GrantList> {
  const listed = await listRequests(caller);
  const oldest = caller.aws.now() - place.breakGlass.requestLifeSeconds * 1_000 - longestMs;
  const fitting = listed.filter(
    (one) => (userId === undefined || one.userId === userId) && (all || one.lastModified > oldest),
  );
  const wanted =
    most === undefined || fitting.length <= most
      ? fitting
      : fitting.sort((a, b) => b.lastModified - a.lastModified).slice(0, most);
  const found: LoadedRequest[] = [];
  const unreadable: ListedRequest[] = [];
  for (let index = 0; index < wanted.length; index += atOnce) {
    const some = wanted.slice(index, index + atOnce);
    const loaded = await Promise.all(some.map((one) => loadOrNothing(place, caller, one)));
    for (const [position, one] of loaded.entries()) {
      const at = some[position];
      if (one === undefined && at !== undefined) unreadable.push(at);
      else if (one !== undefined && (all || isOpen(one))) found.push(one);
    }
  }
  return { found, unreadable };
}

export const isOpen = ({ state }: LoadedRequest): boolean =>
  state.status === 'waiting' || state.status === 'granted';

/** Undefined: it is no request. */
export async function loadOrNothing(
  place: BreakGlassPlace,
  caller: AccessCaller,
  listed: ListedRequest,
): Promise<LoadedRequest | undefined> {
  try {
    return await loadRequest(place, caller, listed);
  } catch (error) {
    const unreadable =
      error instanceof ForgeError &&
      ['REQUEST_UNREADABLE', 'REQUEST_GONE', 'OBJECT_TOO_LARGE'].includes(error.code);
    if (unreadable) return undefined;
    throw error;
  }
}
