import type { SessionId } from '../breakglass/protocol/ids.ts';
import { readChain } from './chain.ts';
import { listRecent } from './intake.ts';
import type { Member, Ports } from './ports.ts';
import { type SessionState, stateOf } from './session-state.ts';

/**
 * The sessions, of the last days, of a person in a group: their requests tell which there can be, and record 0 which
 * there are. With it the one that nobody asked for, if the membership has one.
 */
export async function knownSessions(
  { intake, archive, now }: Pick<Ports, 'intake' | 'archive' | 'now'>,
  {
    groupId,
    userId,
    membershipId,
  }: Omit<Member, 'membershipId'> & { readonly membershipId?: string | undefined },
): Promise<readonly SessionState[]> {
  const ids: SessionId[] = (await listRecent(intake, userId, now())).map(({ id }) => id);
  if (membershipId !== undefined) ids.push(`UN-${membershipId}`);
  const states: SessionState[] = [];
  for (const id of ids) {
    const state = stateOf(await readChain(archive, id));
    if (state !== undefined && state.session.groupId === groupId && state.session.userId === userId)
      states.push(state);
  }
  return states;
}
