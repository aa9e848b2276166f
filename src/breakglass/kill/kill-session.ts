import { deleteMembership, findMembership } from '../../aws/identitystore.ts';
import { ForgeError } from '../../errors.ts';
import type { IdentityParts } from '../../identity/identity-parts.ts';
import { durationText } from '../../lib/duration-text.ts';
import type { AccessAccount, AccessCaller } from '../access-account.ts';
import { isDenied } from '../archive/read-records.ts';
import type { BreakGlassPlace } from '../break-glass-place.ts';
import { writeDocument } from '../intake.ts';
import { pause } from '../pause.ts';
import type { Person } from '../protocol/document-parts.ts';
import { type SessionId, shortId } from '../protocol/ids.ts';
import { killKey } from '../protocol/keys.ts';
import { encodeKill } from '../protocol/kill.ts';
import type { ArchiveRecord } from '../protocol/record.ts';
import { recordOutcome } from '../record-step.ts';
import { type KillTarget, recordsOf } from './kill-target.ts';

export type MembershipSeen = 'removed' | 'gone' | 'none' | 'there' | 'unseen';

type Parts = Pick<IdentityParts, 'host' | 'output'>;

/**
 * Writes that it is ended, in the killer's name, of all that shares the membership; and takes the membership away, where
 * they may. Either alone is enough, for the server side does the rest. Doing it again does no harm.
 */
export async function killSession(
  parts: Parts,
  caller: AccessCaller,
  killer: Person,
  target: KillTarget,
  reason: string | undefined,
): Promise<MembershipSeen> {
  const alias = target.alias === undefined ? [] : [target.alias];
  const ids: readonly SessionId[] = [target.id, ...target.sharing.map(({ id }) => id), ...alias];
  for (const id of ids) {
    // Ending access does not wait for a disk that has room.
    await recordOutcome(parts, { type: 'breakglass.killing', id, person: killer.userName, reason });
    const said = { v: 1, kind: 'kill', sessionId: id, by: killer } as const;
    const bytes = encodeKill(reason === undefined ? said : { ...said, reason });
    try {
      await writeDocument(caller, killKey(id, killer.userId), bytes);
    } catch (error) {
      // Stopped before, in other words: the first stand.
      if (!(error instanceof ForgeError) || error.code !== 'ALREADY_WRITTEN') throw error;
    }
  }
  const membership = await takeMembership(caller, target);
  for (const id of ids)
    await recordOutcome(parts, { type: 'breakglass.killed', id, person: killer.userName, membership });
  return membership;
}

async function takeMembership(caller: AccessCaller, target: KillTarget): Promise<MembershipSeen> {
  const member = memberOf(target);
  if (member === undefined || !wasGiven(target)) return 'none';
  const membershipId = await findMembership(caller, member);
  if (membershipId === undefined) return 'gone';
  try {
    return (await deleteMembership(caller, membershipId)) ? 'removed' : 'gone';
  } catch (error) {
    // Of another tier than they approve: the paper is enough.
    if (isDenied(error)) return 'there';
    throw error;
  }
}

/** Somebody got in by it, at some time. */
export const wasGiven = ({ request, session }: KillTarget): boolean =>
  session !== undefined || request?.state.openedAt !== undefined;

function memberOf({ request, session }: KillTarget) {
  const groupId = request?.request.groupId ?? session?.groupId;
  const userId = request?.request.requester.userId ?? session?.userId;
  return groupId === undefined || userId === undefined ? undefined : { groupId, userId };
}

export interface SeenAfterKill {
  readonly membership: MembershipSeen;
  /** Undefined: they can't be read with the killer's rights. */
  readonly records: readonly ArchiveRecord[] | undefined;
}

const lookEveryMs = 2_000;

/**
 * Looks until `isEnough`, for `patienceMs` at most: what the server side does takes seconds, and goes on whether anybody
 * looks or not.
 */
export async function watchKill(
  parts: Parts,
  place: BreakGlassPlace,
  account: AccessAccount,
  target: KillTarget,
  before: MembershipSeen,
  isEnough: (seen: SeenAfterKill) => boolean,
  patienceMs: number,
): Promise<SeenAfterKill> {
  const { host, output } = parts;
  const short = shortId(target.id);
  const started = host.monotonic();
  using progress = output.progress(`Ending ${short}`);
  try {
    for (;;) {
      const caller = await account();
      const [membership, records] = await Promise.all([
        membershipNow(caller, target, before),
        recordsOf(place, caller, target.id),
      ]);
      const waited = host.monotonic() - started;
      const seen = { membership, records };
      if ((membership !== 'there' && isEnough(seen)) || waited >= patienceMs) return seen;
      progress.update(
        `Ending ${short}, ${durationText(waited)}. Ctrl-C is safe: the server side goes on without you`,
      );
      await pause(host, lookEveryMs);
    }
  } catch (error) {
    if (host.signal.aborted)
      output.note(`It is being ended, and goes on. See again with: forge breakglass kill ${short}`);
    throw error;
  }
}

async function membershipNow(
  caller: AccessCaller,
  target: KillTarget,
  before: MembershipSeen,
): Promise<MembershipSeen> {
  const member = memberOf(target);
  if (before === 'none' || member === undefined) return 'none';
  try {
    if ((await findMembership(caller, member)) !== undefined) return 'there';
    return before === 'removed' ? 'removed' : 'gone';
  } catch (error) {
    if (isDenied(error)) return 'unseen';
    throw error;
  }
}
