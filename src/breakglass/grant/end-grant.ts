import { deleteMembership, findMembership } from '../../aws/identitystore.ts';
import { ForgeError } from '../../errors.ts';
import type { IdentityParts } from '../../identity/identity-parts.ts';
import type { AccessCaller } from '../access-account.ts';
import type { BreakGlassPlace } from '../break-glass-place.ts';
import { writeDocument } from '../intake.ts';
import type { Person } from '../protocol/document-parts.ts';
import { encodeEnd } from '../protocol/end.ts';
import { endKey } from '../protocol/keys.ts';
import { recordOutcome } from '../record-step.ts';
import type { LoadedRequest } from '../request/load-request.ts';
import { listGrants } from './list-grants.ts';

/** `shared`: another grant of the same access goes on. `gone`: there was none any more. */
export type Membership = 'removed' | 'shared' | 'gone';

export interface EndOutcome {
  readonly membership: Membership;
  /** Whether these words are in the end's document. false: it was ended before, and the first words stand. */
  readonly written: boolean;
}

/**
 * Its person ends it: says so in the intake, and leaves the group. Each alone is enough; together neither a lost event
 * nor a denied call keeps the access standing. Repeating it does no harm.
 */
export async function endGrant(
  parts: Pick<IdentityParts, 'host' | 'output'>,
  place: BreakGlassPlace,
  caller: AccessCaller,
  person: Person,
  loaded: LoadedRequest,
  summary: string | undefined,
): Promise<EndOutcome> {
  const { id, request } = loaded;
  const bytes = encodeEnd({
    v: 1,
    kind: 'end',
    sessionId: id,
    user: person,
    ...(summary === undefined ? {} : { summary }),
  });
  // Ending access does not wait for a disk that has room.
  await recordOutcome(parts, {
    type: 'breakglass.ending',
    id,
    person: person.userName,
    environment: request.environment,
  });
  let written = true;
  try {
    await writeDocument(caller, endKey(person.userId, id), bytes);
  } catch (error) {
    // Ended before, in other words: the first stand.
    if (!(error instanceof ForgeError) || error.code !== 'ALREADY_WRITTEN') throw error;
    written = false;
  }
  const membership = (await othersLive(place, caller, loaded)) ? 'shared' : await leave(caller, loaded);
  await recordOutcome(parts, { type: 'breakglass.ended', id, person: person.userName, membership });
  return { membership, written };
}

async function leave(caller: AccessCaller, { request }: LoadedRequest): Promise<Membership> {
  const member = { groupId: request.groupId, userId: request.requester.userId };
  const membershipId = await findMembership(caller, member);
  if (membershipId === undefined) return 'gone';
  return (await deleteMembership(caller, membershipId)) ? 'removed' : 'gone';
}

/** Whether another grant of the same person lives on the same membership. */
async function othersLive(
  place: BreakGlassPlace,
  caller: AccessCaller,
  loaded: LoadedRequest,
): Promise<boolean> {
  const { request, id } = loaded;
  const { found } = await listGrants(place, caller, { all: false, userId: request.requester.userId });
  return found.some(
    (other) =>
      other.id !== id && other.state.status === 'granted' && other.request.groupId === request.groupId,
  );
}
