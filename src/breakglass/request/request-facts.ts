import { untilText } from '../../lib/duration-text.ts';
import { isoSeconds } from '../../lib/iso-seconds.ts';
import { type RequestId, shortId } from '../protocol/ids.ts';
import type { Kill } from '../protocol/kill.ts';
import type { LoadedRequest } from './load-request.ts';

/** What to type about a request; ids hold no character that a shell minds. */
export const approveLine = (id: RequestId): string => `forge breakglass approve ${id}`;
export const resumeLine = (id: RequestId): string => `forge breakglass resume ${shortId(id)}`;

/** What became of it; unescaped. */
export function statusLines(
  { state, killed }: LoadedRequest,
  now: number,
): readonly (readonly [string, string])[] {
  const by = state.deniedBy === undefined ? '' : ` by ${state.deniedBy.userName}`;
  return [
    ['Status', `${state.status}${by}${timeOf(state, now)}${state.why === undefined ? '' : `: ${state.why}`}`],
    ...(killed === undefined ? [] : [['Stopped by', stopText(killed)] as const]),
    ...state.notes.map((note) => ['Said', `${note.by.userName}: ${note.note}`] as const),
  ];
}

/** Of what was ended before its time, that time says nothing any more. */
function timeOf({ status, endsAt }: LoadedRequest['state'], now: number): string {
  if (endsAt === undefined) return '';
  if (status === 'granted') return `, ${untilText(endsAt, now)}`;
  return status === 'expired' ? ` at ${isoSeconds(endsAt)}` : '';
}

/** By whom, and why where they said; unescaped. */
export const stopText = ({ by, reason }: Kill): string =>
  reason === undefined ? by.userName : `${by.userName}: ${reason}`;

/** A request for `--output json`: camelCase, times as ISO 8601, null for what is not. */
export function requestFacts({ id, request, stored, state, digest, killed }: LoadedRequest) {
  const time = (at: number | undefined) => (at === undefined ? null : isoSeconds(at));
  return {
    id,
    shortId: shortId(id),
    status: state.status,
    tier: request.tier,
    environment: request.environment,
    account: request.account,
    scenario: request.scenario ?? null,
    permissionSet: request.permissionSet,
    minutes: request.minutes,
    ticket: request.ticket ?? null,
    reason: request.reason,
    requester: request.requester,
    extends: request.extends ?? null,
    change: request.change ?? null,
    requestedAt: time(stored.lastModified),
    lapsesAt: time(state.lapsesAt),
    approvalsNeeded: state.needed,
    approvedBy: state.approvedBy,
    deniedBy: state.deniedBy ?? null,
    stoppedBy: killed?.by ?? null,
    stopReason: killed?.reason ?? null,
    notes: state.notes.map(({ by, note }) => ({ by: by.userName, note })),
    why: state.why ?? null,
    openedAt: time(state.openedAt),
    endsAt: time(state.endsAt),
    sha256: digest,
    approve: state.status === 'waiting' ? approveLine(id) : null,
  };
}
