import { ForgeError } from '../../errors.ts';
import type { AccessCaller } from '../access-account.ts';
import { findObject, type ListedRequest, listRequests } from '../intake.ts';
import { isRequestId, matchesShortId, type RequestId } from '../protocol/ids.ts';
import { requestKey } from '../protocol/keys.ts';

/** The request that a full or short id names. Throws usage NO_SUCH_REQUEST, AMBIGUOUS_ID. */
export async function findRequest(
  caller: AccessCaller,
  typed: string,
  own?: { readonly userId?: string | undefined },
): Promise<ListedRequest> {
  const id = typed.trim();
  if (own?.userId !== undefined && isRequestId(id)) {
    const mine = await findOwn(caller, own.userId, id);
    if (mine !== undefined) return mine;
  }
  const named = (await listRequests(caller)).filter((request) => matchesShortId(id, request.id));
  // An id is made by chance: who comes later with the same one, under their own name, has copied it from the first.
  const found = named.filter(
    (one) => !named.some((other) => other.id === one.id && other.lastModified < one.lastModified),
  );
  const [only, ...others] = found;
  if (only !== undefined && others.length === 0) return only;
  if (only === undefined) {
    throw new ForgeError('usage', `There is no request ${JSON.stringify(id)}.`, {
      code: 'NO_SUCH_REQUEST',
      hint: 'Ids look like bg-7f3k. What there is: forge breakglass list --all',
    });
  }
  throw new ForgeError('usage', `${JSON.stringify(id)} could be any of ${found.length} requests.`, {
    code: 'AMBIGUOUS_ID',
    hint: `Say more of it: ${found
      .slice(0, 5)
      .map((request) => request.id)
      .join(', ')}${found.length > 5 ? ', …' : ''}`,
  });
}

async function findOwn(
  caller: AccessCaller,
  userId: string,
  id: RequestId,
): Promise<ListedRequest | undefined> {
  const key = requestKey(userId, id);
  const found = await findObject(caller, key);
  return found && { key, userId, id, lastModified: found.lastModified };
}
