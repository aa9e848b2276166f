import { longestMinutes } from '../breakglass/protocol/document-parts.ts';
import type { SessionId } from '../breakglass/protocol/ids.ts';
import { parseRecordKey } from '../breakglass/protocol/keys.ts';
import type { Removal } from '../breakglass/protocol/membership.ts';
import { readChain } from './chain.ts';
import { firstIdAt } from './intake.ts';
import type { Ports } from './ports.ts';
import { isLive, stateOf } from './session-state.ts';

/** Clocks, and records that were late. */
const slackMs = 3_600_000;

/**
 * The sessions that still ran on a membership that somebody took away; none where the time was up, or an end is on record:
 * that is the removal which those led to. CloudTrail tells a membership's id and nothing of whose it was, so it is
 * looked for: nothing that was opened longer ago than any access lasts can still run.
 */
export async function endedByRemoval(
  { archive, policy, now }: Ports,
  { membershipId, groupId, userId }: Removal,
): Promise<readonly SessionId[]> {
  const opened = now() - longestMinutes * 60_000 - slackMs;
  const asked = firstIdAt(opened - policy.requestLifeMinutes * 60_000);
  const found: SessionId[] = [];
  for (const { key, lastModified } of await archive.list('sessions/BG-', `sessions/${asked}`)) {
    const place = parseRecordKey(key);
    if (place?.seq !== 0 || lastModified < opened) continue;
    const state = stateOf(await readChain(archive, place.session));
    if (state === undefined || !isLive(state, now())) continue;
    const { session } = state;
    const isTheirs =
      membershipId === undefined
        ? session.groupId === groupId && session.userId === userId
        : session.membershipId === membershipId;
    if (isTheirs) found.push(place.session);
  }
  return found;
}
