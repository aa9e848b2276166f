import { judgeAmong } from '../breakglass/protocol/choose-request.ts';
import { emergencyUseFromEvent } from '../breakglass/protocol/emergency-use.ts';
import { isSessionId } from '../breakglass/protocol/ids.ts';
import type { Verdict } from '../breakglass/protocol/judge.ts';
import { judgeEmergency } from '../breakglass/protocol/judge-emergency.ts';
import { foundMembership, type Membership, membershipFromEvent } from '../breakglass/protocol/membership.ts';
import { type Bodies, copyOf } from '../breakglass/protocol/record-bodies.ts';
import type { Refusal } from '../breakglass/protocol/refusals.ts';
import { isSameGrant } from '../breakglass/protocol/same-grant.ts';
import type { Session } from '../breakglass/protocol/session.ts';
import { asJsonObject, type JsonObject } from '../lib/json-object.ts';
import { appendRecord, type Chain, readChain } from './chain.ts';
import { type Candidate, listCandidates } from './intake.ts';
import { knownName } from './known-name.ts';
import { knownSessions } from './known-sessions.ts';
import type { Ports, WorkflowInput } from './ports.ts';
import { recordEnd } from './record-end.ts';
import { sealLate, witness } from './seal-session.ts';
import { isLive, stateOf } from './session-state.ts';
import { channelOf, openingText, tellIfPossible } from './tell.ts';

/** What the workflow goes on with. */
export type Opened =
  /** Wait until `session.expiresAt`, then take away; when it is not sanctioned, take away at once. */
  | { readonly phase: 'session'; readonly session: Session; readonly owner: string | null }
  /** Take away at once: it was ended. */
  | { readonly phase: 'over'; readonly session: Session; readonly owner: string | null }
  /** Collect once more what was not there when it was sealed. */
  | { readonly phase: 'export'; readonly session: Session; readonly owner: string | null }
  /** There is nothing to end: somebody else's workflow does it, or it is sealed. */
  | { readonly phase: 'none' };

/** So often may others open sessions of the same person meanwhile. */
const mostRaces = 10;

/**
 * The first step of every execution: record 0 of the session, once, whoever comes first; what was opened before goes on.
 * Everything that is done twice here gives the same session.
 */
export async function openSession(ports: Ports, input: WorkflowInput): Promise<Opened> {
  switch (input.trigger) {
    case 'tell':
      return { phase: 'none' };
    case 'event':
      return openFromEvent(ports, input.event);
    case 'found':
    case 'again':
      return openMembership(
        ports,
        foundMembership({ ...input.membership, identityStoreId: ports.policy.identityStoreId }),
        undefined,
        input.trigger === 'again',
      );
    case 'end':
    case 'resume':
      if (!isSessionId(input.session)) return { phase: 'none' };
      return goOn(ports, await recordEnd(ports, input.session), input.trigger === 'end');
  }
}

async function openFromEvent(ports: Ports, input: unknown): Promise<Opened> {
  const event = trailEvent(input);
  const use = emergencyUseFromEvent(input);
  if (use !== undefined) {
    const { session } = judgeEmergency(use, ports.policy, ports.now());
    const chain = await open(ports, session, { session, event, decisions: [] });
    return goOn(ports, await endedBefore(ports, chain));
  }
  const membership = membershipFromEvent(input);
  if (membership === undefined || membership.made?.errorCode !== undefined) return { phase: 'none' };
  const membershipId =
    membership.membershipId ?? (await ports.people.findMembership(membership.groupId, membership.userId));
  return openMembership(ports, { ...membership, membershipId }, event, false);
}

/** Ended before CloudTrail told of its beginning: it is over at once. It is told of all the same, also while that can't be known. */
async function endedBefore(ports: Ports, chain: Chain): Promise<Chain> {
  return recordEnd(ports, chain.id).catch((error: unknown) => {
    ports.log(`Whether ${chain.id} was ended is not known yet: ${String(error)}`);
    return chain;
  });
}

async function openMembership(
  ports: Ports,
  membership: Membership,
  event: JsonObject | undefined,
  again: boolean,
): Promise<Opened> {
  const { archive, policy, now } = ports;
  for (let race = 0; race < mostRaces; race++) {
    const candidates = await listCandidates(ports.intake, membership.userId, now());
    const chains = new Map<Candidate, Chain>();
    for (const candidate of candidates) chains.set(candidate, await readChain(archive, candidate.id));
    const same = [...chains].find(([, chain]) => isOf(chain, membership));
    // The event of its making is still to come, and says more; when it is lost, the sweeper sees.
    if (again && same === undefined) return { phase: 'none' };
    if (same !== undefined && membership.made !== undefined) {
      const [candidate, chain] = same;
      if (!refusedAfterAll(ports, membership, candidate, chain)) return goOn(ports, chain);
    }
    const { verdict, papers } = judgeAmong(
      membership,
      candidates.map((candidate) => ({
        ...candidate,
        spent: (chains.get(candidate)?.records.length ?? 0) > 0,
      })),
      policy,
      now(),
    );
    if (!verdict.sanctioned) {
      // Made once more, and for nothing new: whoever opened it ends it.
      if (again) return { phase: 'none' };
      if (same !== undefined && membership.made === undefined) return goOn(ports, same[1]);
      const earlier = await readChain(archive, verdict.session.id);
      if (earlier.records.length > 0) return goOn(ports, earlier);
    }
    const { userName: _, ...unnamed } = verdict.session;
    const session = { ...unnamed, userName: await knownName(ports, membership.userId) };
    const body: Bodies['open'] = {
      session,
      ...(verdict.sanctioned ? { rule: verdict.rule } : {}),
      ...(event === undefined ? {} : { event }),
      ...(papers.request === undefined ? {} : { request: copyOf(papers.request) }),
      decisions: papers.decisions.map(copyOf),
    };
    const chain = await open(ports, session, body);
    // Another grant took the request meanwhile.
    if (verdict.sanctioned && stateOf(chain)?.session.membershipId !== session.membershipId) continue;
    if (!verdict.sanctioned) return goOn(ports, chain);
    await shareMembership(ports, session);
    // Ended or stopped before it was let in: it is over at once.
    return goOn(ports, await recordEnd(ports, session.id));
  }
  throw new Error('Others kept opening sessions of the same person.');
}

/** The chain, with record 0 from here or from whoever was first. */
function open(ports: Ports, session: Session, body: Bodies['open']): Promise<Chain> {
  return appendRecord(ports.archive, session.id, ({ records }) =>
    records.length > 0 ? undefined : { kind: 'open', at: ports.now(), body },
  );
}

/** Whoever was here before may have died before it said what it did. */
async function goOn(ports: Ports, chain: Chain, ending = false): Promise<Opened> {
  const state = stateOf(chain);
  if (state === undefined) return { phase: 'none' };
  await tellOpening(ports, chain);
  if (state.sealed === 'whole') {
    await finishSeal(ports, chain).catch((error: unknown) => {
      ports.log(`The seal of ${chain.id} is not in the ledger yet, or not the last: ${String(error)}`);
    });
    return { phase: 'none' };
  }
  const { session } = state;
  const owner = ownerOf(chain);
  if (state.sealed === 'partial') return { phase: 'export', session, owner };
  const over = ending || state.endedAt !== undefined || !isLive(state, ports.now());
  return { phase: over ? 'over' : 'session', session, owner };
}

/** Whoever wrote the seal may have died before it was in the ledger; and evidence can have come since. */
async function finishSeal(ports: Ports, chain: Chain): Promise<void> {
  await witness(ports, chain);
  const last = chain.records.at(-1);
  if (last?.kind === 'seal') await sealLate(ports, chain.id, last.body);
}

async function tellOpening(ports: Ports, { id, records: [first] }: Chain): Promise<void> {
  if (first?.kind !== 'open') return;
  await tellIfPossible(ports, {
    about: `open-${id}`,
    channel: channelOf(ports.policy, first.body.session),
    text: openingText(ports.policy, first.body),
  });
}

/** As whom an emergency role was assumed: `arn:aws:sts::…:assumed-role/<role>/<name that the caller chose>`. */
function ownerOf({ records: [first] }: Chain): string | null {
  const event = first?.kind === 'open' ? first.body.event : undefined;
  const arn = asJsonObject(asJsonObject(event?.responseElements)?.assumedRoleUser)?.arn;
  return typeof arn === 'string' ? arn : null;
}

function isOf(chain: Chain, membership: Membership): boolean {
  const [first] = chain.records;
  return first?.kind === 'open' && isSameGrant(first.body, membership);
}

/**
 * The sweeper opened it by its papers, before the event came that says who made the grant: that must have been one of
 * those who approved, too.
 */
function refusedAfterAll(ports: Ports, membership: Membership, candidate: Candidate, chain: Chain): boolean {
  const [first] = chain.records;
  if (first?.kind !== 'open' || first.body.event !== undefined || !first.body.session.sanctioned)
    return false;
  const { verdict } = judgeAmong(membership, [{ ...candidate, spent: false }], ports.policy, ports.now());
  return refusalOf(verdict) !== undefined && granterRefusals.has(refusalOf(verdict) ?? 'no-request');
}

const refusalOf = (verdict: Verdict): Refusal | undefined =>
  verdict.sanctioned ? undefined : verdict.refusal;
const granterRefusals: ReadonlySet<Refusal> = new Set([
  'granter-unknown',
  'granter-not-approver',
  'granter-undecided',
  'granted-own',
]);

/** Every other session of the membership that still runs says that it now lasts for this one, too. */
async function shareMembership(ports: Ports, session: Session): Promise<void> {
  const { groupId, userId, membershipId } = session;
  if (groupId === undefined || userId === undefined || membershipId === undefined) return;
  for (const state of await knownSessions(ports, { groupId, userId, membershipId })) {
    const other = state.session.id;
    if (other === session.id || state.session.membershipId !== membershipId || !isLive(state, ports.now()))
      continue;
    await appendRecord(ports.archive, other, ({ records }) =>
      records.some(({ kind, body }) => kind === 'grant' && body.sharedWith === session.id)
        ? undefined
        : {
            kind: 'grant',
            at: ports.now(),
            body: { membershipId, sharedWith: session.id, expiresAt: session.expiresAt },
          },
    );
  }
}

/** The event itself, out of what EventBridge wraps it in. */
function trailEvent(input: unknown): JsonObject | undefined {
  const outer = asJsonObject(input);
  return asJsonObject(outer?.detail) ?? outer;
}
