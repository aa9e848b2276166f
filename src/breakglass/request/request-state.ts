import type { GrantRule } from '../grant/grant-rule.ts';
import { expiresAt, lapsesAt } from '../protocol/deadlines.ts';
import { parseDecision } from '../protocol/decision.ts';
import type { StoredObject } from '../protocol/document.ts';
import type { Person } from '../protocol/document-parts.ts';
import { readApprovals } from '../protocol/judge-decisions.ts';
import { type Refusal, refusals } from '../protocol/refusals.ts';
import type { AccessRequest } from '../protocol/request.ts';

/**
 * `waiting`: for approvers. `granted`: enough have approved, and its time runs. `ended`: its person ended it.
 * `expired`: its time is up. `invalid`: it would not be sanctioned, and why.
 */
export type RequestStatus = 'waiting' | 'granted' | 'denied' | 'lapsed' | 'ended' | 'expired' | 'invalid';

export interface RequestState {
  readonly status: RequestStatus;
  readonly needed: number;
  readonly approvedBy: readonly Person[];
  /** What approvers said with their decisions. */
  readonly notes: readonly { readonly by: Person; readonly note: string }[];
  readonly deniedBy: Person | undefined;
  /** One sentence; of what is invalid. */
  readonly why: string | undefined;
  /** Epoch milliseconds, AWS's clock: until when it can be approved. */
  readonly lapsesAt: number;
  /** When the last approval that it needed came, and when its time is up. */
  readonly openedAt: number | undefined;
  readonly endsAt: number | undefined;
}

export interface RequestPapers {
  readonly request: AccessRequest;
  readonly stored: StoredObject;
  readonly decisions: readonly StoredObject[];
  readonly ended: boolean;
}

/** Pure. `rule` undefined: forge.yaml does not know such access. `now` by AWS's clock. */
export function requestState(papers: RequestPapers, rule: GrantRule | undefined, now: number): RequestState {
  const { request, stored, decisions } = papers;
  const life = { requestLifeMinutes: rule?.requestLifeMinutes ?? 0 };
  const needed = rule?.approvals ?? 1;
  const read = readApprovals(request, stored.bytes, decisions);
  const said = decisions.flatMap(({ bytes }) => {
    const parsed = parseDecision(bytes);
    return parsed.ok ? [parsed.value] : [];
  });
  const counted = typeof read === 'string' ? [] : read.slice(0, needed);
  const last = counted.length === needed ? counted.at(-1) : undefined;
  const endsAt =
    last &&
    expiresAt(last.at, request.minutes, rule?.longest ?? 0, ...counted.map((one) => one.decision.minutes));
  const facts = {
    needed,
    approvedBy: counted.map((approval) => approval.decision.approver),
    notes: said.flatMap(({ approver, note }) => (note === undefined ? [] : [{ by: approver, note }])),
    deniedBy: said.find(({ outcome }) => outcome === 'denied')?.approver,
    lapsesAt: lapsesAt(stored.lastModified, life),
    openedAt: last?.at,
    endsAt,
  };
  const why = refusalOf(read, rule);
  if (why !== undefined && why !== 'request-denied')
    return { ...facts, status: 'invalid', why: refusals[why] };
  return { ...facts, status: statusOf(facts, papers.ended, now), why: undefined };
}

function refusalOf(read: ReturnType<typeof readApprovals>, rule: GrantRule | undefined): Refusal | undefined {
  if (rule === undefined) return 'unknown-group';
  return typeof read === 'string' ? read : undefined;
}

function statusOf(
  { deniedBy, endsAt, lapsesAt }: Pick<RequestState, 'deniedBy' | 'endsAt' | 'lapsesAt'>,
  ended: boolean,
  now: number,
): RequestStatus {
  if (deniedBy !== undefined) return 'denied';
  if (ended) return 'ended';
  if (endsAt === undefined) return now > lapsesAt ? 'lapsed' : 'waiting';
  return now >= endsAt ? 'expired' : 'granted';
}
