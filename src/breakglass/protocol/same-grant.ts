import { asJsonObject } from '../../lib/json-object.ts';
import type { Membership } from './membership.ts';
import type { Bodies } from './record-bodies.ts';
import { readTrailEvent } from './trail-event.ts';

/**
 * Whether record 0 is about this very grant: the same membership, and the same event where both have one. Then the
 * request is not spent by another grant; what is here is the second delivery of an event, a late one after the
 * sweeper, or a handler that died half-way, and the session of the record goes on.
 */
export function isSameGrant(open: Bodies['open'], membership: Membership): boolean {
  if (open.session.membershipId === undefined || open.session.membershipId !== membership.membershipId)
    return false;
  const before = open.event && readTrailEvent(asJsonObject(open.event))?.eventId;
  const now = membership.made?.eventId;
  return before === undefined || now === undefined || before === now;
}
