import type { AccessAccount } from '../access-account.ts';
import type { BreakGlassPlace } from '../break-glass-place.ts';
import { listOwnRequests } from '../intake.ts';
import type { RequestId } from '../protocol/ids.ts';
import { type LoadedRequest, loadRequest } from './load-request.ts';

/** Grants that were asked for to prolong another (`forge breakglass extend`). */
export interface Prolonging {
  /** Those that are granted now. One membership carries them all, and ends with the last. */
  find(): Promise<readonly LoadedRequest[]>;
}

/**
 * Looks for what prolongs this request, or what prolongs it already. What is granted, and until when, is judged as the
 * server side does, from the documents of the intake. Asked again and again, it reads only what can have changed.
 */
export function findProlonging(
  place: BreakGlassPlace,
  account: AccessAccount,
  { id, request }: Pick<LoadedRequest, 'id' | 'request'>,
): Prolonging {
  /** What can't matter any more: it is not read again. */
  const settled = new Set<RequestId>();
  const chain = new Set<RequestId>([id]);
  return {
    async find() {
      const caller = await account();
      const granted: LoadedRequest[] = [];
      const all = await listOwnRequests(caller, request.requester.userId);
      // Ids sort by time, and what prolongs another is the younger.
      for (const listed of all.filter((one) => one.id > id).reverse()) {
        if (settled.has(listed.id)) continue;
        const other = await loadRequest(place, caller, listed).catch(() => undefined);
        if (other === undefined) continue;
        const { groupId, account: where, extends: prolonged } = other.request;
        const same = groupId === request.groupId && where === request.account;
        const follows = same && prolonged !== undefined && chain.has(prolonged);
        if (follows) chain.add(other.id);
        if (follows && other.state.status === 'granted') granted.push(other);
        else if (!follows || other.state.status !== 'waiting') settled.add(other.id);
      }
      return granted;
    },
  };
}
