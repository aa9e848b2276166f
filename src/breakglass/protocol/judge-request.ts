import { longestFor } from './deadlines.ts';
import type { StoredObject } from './document.ts';
import { parseRequestKey } from './keys.ts';
import type { Membership } from './membership.ts';
import type { GrantPolicy, TierPolicy } from './policy.ts';
import type { Refusal } from './refusals.ts';
import type { AccessRequest } from './request.ts';

/**
 * Whether the request asks for exactly this access: the person, group, account and permission set of the grant, no
 * longer than allowed, written by the requester (whose id IAM binds to the key). Undefined: it does.
 */
export function refuseRequest(
  request: AccessRequest,
  stored: StoredObject,
  membership: Membership,
  grant: GrantPolicy,
  tier: TierPolicy,
): Refusal | undefined {
  const place = parseRequestKey(stored.key);
  if (place === undefined || place.id !== request.id || place.userId !== request.requester.userId)
    return 'request-misplaced';
  if (request.requester.userId !== membership.userId) return 'wrong-person';
  if (request.groupId !== membership.groupId) return 'wrong-group';
  if (request.tier !== grant.tier) return 'wrong-tier';
  if (request.account !== grant.account || request.environment !== grant.environment) return 'wrong-account';
  if (request.permissionSet !== grant.permissionSet) return 'wrong-permission-set';
  if (request.scenario !== grant.scenario) return 'wrong-scenario';
  if (tier.ticket === 'before' && request.ticket === undefined) return 'no-ticket';
  if (request.minutes > longestFor(tier, grant)) return 'too-long';
  return undefined;
}
