import { judgeAmong } from '../breakglass/protocol/choose-request.ts';
import { membershipEnd } from '../breakglass/protocol/deadlines.ts';
import { foundMembership } from '../breakglass/protocol/membership.ts';
import { readChain } from './chain.ts';
import { listCandidates } from './intake.ts';
import { knownSessions } from './known-sessions.ts';
import type { Member, Ports } from './ports.ts';
import { liveSession } from './session-state.ts';
import { sessionOfInput, takeAway } from './take-away.ts';

/** The workflow is given so long to take away by itself. */
const graceMs = 60_000;

/**
 * Nobody may be in a just-in-time group without a session that still runs. Who is gets one, if they should be in; else
 * they are put out here and now, and the workflow records it.
 */
export async function sweepMemberships(ports: Ports): Promise<readonly string[]> {
  const done: string[] = [];
  const failures: unknown[] = [];
  for (const { groupId } of ports.policy.grants) {
    try {
      for (const member of await ports.people.membersOf(groupId)) {
        const what = await sweepMember(ports, member).catch((error: unknown) => {
          failures.push(error);
          return undefined;
        });
        if (what !== undefined) done.push(`${what} ${member.membershipId}`);
      }
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
  return done;
}

async function sweepMember(ports: Ports, member: Member): Promise<string | undefined> {
  const now = ports.now();
  const known = (await knownSessions(ports, member)).filter(
    ({ session }) => session.membershipId === member.membershipId,
  );
  const end = membershipEnd(member, known.map(liveSession));
  if (end !== undefined && end > now)
    return (await hasMore(ports, member)) ? adopt(ports, member) : undefined;
  if (known.length > 0) {
    // Over, or never sanctioned. Its workflow is doing this now, or is no more: then the other sweeps start it again.
    const since = end ?? Math.min(...known.map(({ session }) => Date.parse(session.expiresAt)));
    if (now < since + graceMs) return undefined;
    const last = known.reduce((a, b) => (a.session.expiresAt > b.session.expiresAt ? a : b));
    await takeAway(ports, last.session, { shares: false });
    return 'removed';
  }
  if (await hasMore(ports, member)) return adopt(ports, member);
  // The workflow first: when this dies in between, something knows of it.
  const starting = adopt(ports, member);
  await starting.catch(() => undefined);
  const session = sessionOfInput({ membership: member }, now);
  if (session !== undefined) await takeAway(ports, session);
  await starting;
  return 'removed';
}

/** Whether there is an approved request for it that no session was opened for. */
async function hasMore(ports: Ports, member: Member): Promise<boolean> {
  const now = ports.now();
  const candidates = await listCandidates(ports.intake, member.userId, now);
  const papers = await Promise.all(
    candidates.map(async (candidate) => ({
      ...candidate,
      spent: (await readChain(ports.archive, candidate.id)).records.length > 0,
    })),
  );
  const membership = foundMembership({ ...member, identityStoreId: ports.policy.identityStoreId });
  const { verdict } = judgeAmong(membership, papers, ports.policy, now);
  return verdict.sanctioned && Date.parse(verdict.session.expiresAt) > now;
}

/** Two sweeps at once start one. */
async function adopt(ports: Ports, member: Member): Promise<string> {
  const slot = Math.floor(ports.now() / 300_000);
  await ports.workflow.start(`S-${member.membershipId}-${slot}`, {
    trigger: 'found',
    membership: { membershipId: member.membershipId, groupId: member.groupId, userId: member.userId },
  });
  return 'adopted';
}
