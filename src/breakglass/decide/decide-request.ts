import { ForgeError } from '../../errors.ts';
import type { IdentityParts } from '../../identity/identity-parts.ts';
import { type AccessAccount, type AccessCaller, accessAccount, requesterAccount } from '../access-account.ts';
import type { BreakGlassPlace } from '../break-glass-place.ts';
import { ownUser } from '../own-user.ts';
import type { Person } from '../protocol/document-parts.ts';
import { shortId } from '../protocol/ids.ts';
import { refusals } from '../protocol/refusals.ts';
import { findRequest } from '../request/find-request.ts';
import { type LoadedRequest, loadRequest } from '../request/load-request.ts';
import { type Review, reviewRequest } from './review-request.ts';

/** Somebody who may decide a request, and the request in front of them. */
export interface Hearing {
  readonly review: Review;
  readonly approver: Person;
  readonly caller: AccessCaller;
}

/** Throws denied for one's own request (SELF_APPROVAL) and where the person is no approver of its tier (NOT_APPROVER). */
export async function openHearing(
  parts: IdentityParts,
  place: BreakGlassPlace,
  typed: string,
): Promise<Hearing> {
  const looking = await requesterAccount(parts, place)();
  const loaded = await loadRequest(place, looking, await findRequest(looking, typed));
  const approver = await ownUser(parts.host, looking);
  if (approver.userId === loaded.request.requester.userId) throw selfApproval(loaded);
  const caller = await approverAccount(parts, place, loaded)();
  return { review: await reviewRequest(place, caller, loaded), approver, caller };
}

/** Throws denied UNSOUND_REQUEST, and REQUEST_… where there is nothing to decide any more. */
export function refuseApproval({ review }: Hearing): void {
  const [first] = review.against;
  const { id } = review.loaded;
  if (first === undefined) return;
  throw new ForgeError('denied', `${shortId(id)} can't be approved. ${refusals[first]}`, {
    code: first === 'request-lapsed' ? 'REQUEST_LAPSED' : 'UNSOUND_REQUEST',
    hint:
      first === 'request-lapsed'
        ? 'Whoever still needs the access asks anew: forge breakglass --help'
        : `Such access would be taken away at once. Refuse it: forge breakglass deny ${shortId(id)}`,
  });
}

function approverAccount(
  parts: IdentityParts,
  place: BreakGlassPlace,
  { request, id }: LoadedRequest,
): AccessAccount {
  const kind = place.breakGlass.tiers.get(String(request.tier))?.approvers;
  const approvers = kind === undefined ? undefined : place.breakGlass.approvers.get(kind);
  if (approvers?.permissionSet === undefined) {
    throw new ForgeError('usage', `forge.yaml does not say what tier ${request.tier} is approved with.`, {
      code: 'BREAK_GLASS_UNCONFIGURED',
      hint: 'It needs break_glass.approvers.<kind>.permission_set: docs/configuration.md',
    });
  }
  const who = approvers.description ?? approvers.groups.join(', ');
  const hint = `${shortId(id)} is decided by ${who}. What you hold: forge whoami --all`;
  return accessAccount(parts, place, [approvers.permissionSet], hint);
}

function selfApproval({ request, id }: LoadedRequest): ForgeError {
  return new ForgeError('denied', 'You asked for this yourself; somebody else has to decide it.', {
    code: 'SELF_APPROVAL',
    hint: `AWS would refuse it too. Send this to an approver of tier ${request.tier}: forge breakglass approve ${id}`,
  });
}
