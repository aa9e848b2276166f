import { createMembership } from '../../aws/identitystore.ts';
import { ForgeError } from '../../errors.ts';
import type { IdentityParts } from '../../identity/identity-parts.ts';
import { durationText } from '../../lib/duration-text.ts';
import type { AccessCaller } from '../access-account.ts';
import { readDecisions, readDocument, writeDocument } from '../intake.ts';
import { pause } from '../pause.ts';
import { type Decision, encodeDecision, parseDecision } from '../protocol/decision.ts';
import type { Person } from '../protocol/document-parts.ts';
import { shortId } from '../protocol/ids.ts';
import { decisionKey } from '../protocol/keys.ts';
import { recordOutcome, recordStep } from '../record-step.ts';
import type { LoadedRequest } from '../request/load-request.ts';
import { type RequestState, requestState } from '../request/request-state.ts';

type Parts = Pick<IdentityParts, 'host' | 'output'>;

export interface DecisionWish {
  readonly outcome: 'approved' | 'denied';
  readonly minutes: number;
  readonly note: string | undefined;
}

/** Writes what an approver decided, once; by the same person with the same outcome it may have been written before. */
export async function writeDecision(
  parts: Parts,
  caller: AccessCaller,
  approver: Person,
  { request, id, digest }: LoadedRequest,
  wish: DecisionWish,
): Promise<Decision> {
  const decision: Decision = {
    v: 1,
    kind: 'decision',
    requestId: id,
    requestSha256: digest,
    outcome: wish.outcome,
    minutes: wish.minutes,
    approver,
    ...(wish.note === undefined ? {} : { note: wish.note }),
  };
  const key = decisionKey(request.tier, id, approver.userId);
  await recordStep(parts, {
    type: `breakglass.${wish.outcome}`,
    id,
    person: approver.userName,
    requester: request.requester.userName,
    tier: request.tier,
    environment: request.environment,
    minutes: wish.minutes,
    note: wish.note,
    sha256: digest,
  });
  try {
    await writeDocument(caller, key, encodeDecision(decision));
    return decision;
  } catch (error) {
    if (!(error instanceof ForgeError) || error.code !== 'ALREADY_WRITTEN') throw error;
    return readOwnDecision(caller, key, decision);
  }
}

/** Decided before, in other words or for another time: what stands, stands. */
async function readOwnDecision(caller: AccessCaller, key: string, wanted: Decision): Promise<Decision> {
  const stored = await readDocument(caller, key);
  const parsed = stored && parseDecision(stored.bytes);
  const short = shortId(wanted.requestId);
  if (parsed?.ok !== true || parsed.value.requestSha256 !== wanted.requestSha256) {
    throw new ForgeError('denied', `What you decided of ${short} before can't be used.`, {
      code: 'DECISION_UNUSABLE',
      hint: `The request has to be made anew. What there is: forge breakglass show ${short}`,
    });
  }
  if (parsed.value.outcome === wanted.outcome) return parsed.value;
  throw new ForgeError('usage', `You have ${parsed.value.outcome} ${short} already; that stands.`, {
    code: 'ALREADY_DECIDED',
    hint:
      parsed.value.outcome === 'approved'
        ? `Whoever asked gives it back with: forge breakglass end ${short}`
        : 'Whoever asked may ask anew.',
  });
}

/**
 * The grant itself, once enough have approved: one call, repeated where its answer may have been lost, because who is
 * a member already is told so. 'not-yet': others have to approve too.
 */
export async function grantIfApproved(
  parts: Parts,
  caller: AccessCaller,
  loaded: LoadedRequest,
): Promise<{ readonly outcome: 'made' | 'there' | 'not-yet'; readonly state: RequestState }> {
  const { request, stored, rule, id } = loaded;
  const decisions = await readDecisions(caller, request.tier, id);
  const state = requestState({ request, stored, decisions, ended: loaded.ended }, rule, caller.aws.now());
  if (state.status === 'waiting') return { outcome: 'not-yet', state };
  if (state.status !== 'granted') throw notGrantable(loaded, state);
  const member = { groupId: request.groupId, userId: request.requester.userId };
  const made = await repeated(parts, id, () => createMembership(caller, member));
  await recordOutcome(parts, {
    type: 'breakglass.granted',
    id,
    person: caller.userName,
    membership: made,
    member: member.userId,
    group: member.groupId,
  });
  return { outcome: made === undefined ? 'there' : 'made', state };
}

function notGrantable({ id }: LoadedRequest, state: RequestState): ForgeError {
  const words: Readonly<Record<RequestState['status'], string>> = {
    waiting: 'is not approved yet',
    granted: 'is granted',
    denied: `was denied by ${state.deniedBy?.userName ?? 'an approver'}`,
    lapsed: 'has lapsed',
    ended: 'was ended by its person',
    expired: 'was approved, and its time is up',
    invalid: `would not be sanctioned. ${state.why ?? ''}`.trim(),
  };
  return new ForgeError(
    'denied',
    `${shortId(id)} ${words[state.status]}${state.why === undefined ? '.' : ''}`,
    {
      code: `REQUEST_${state.status.toUpperCase()}`,
      hint: `Nobody was let in. More: forge breakglass show ${shortId(id)}`,
    },
  );
}

const attempts = 4;

async function repeated<Value>(
  parts: Parts,
  id: LoadedRequest['id'],
  call: () => Promise<Value>,
): Promise<Value> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await call();
    } catch (error) {
      if (!(error instanceof ForgeError)) throw error;
      const passing = error.kind === 'unreachable' || error.code === 'THROTTLED';
      if (!passing) throw error;
      if (attempt === attempts) {
        throw new ForgeError(
          error.kind,
          `Your approval is written, but nobody is let in yet. ${error.message}`,
          {
            code: 'GRANT_UNFINISHED',
            hint: `Go on with it, within the hour: forge breakglass approve ${shortId(id)}`,
            cause: error,
          },
        );
      }
      const wait = 250 * 2 ** attempt;
      parts.output.debug(`${error.message} Again in ${durationText(wait)}.`);
      await pause(parts.host, wait);
    }
  }
}
