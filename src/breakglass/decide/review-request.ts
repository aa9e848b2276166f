import { describeUser, findGroupByName } from '../../aws/identitystore.ts';
import { ForgeError } from '../../errors.ts';
import { durationText, untilText } from '../../lib/duration-text.ts';
import type { AccessCaller } from '../access-account.ts';
import type { BreakGlassPlace } from '../break-glass-place.ts';
import { shortId } from '../protocol/ids.ts';
import { type Refusal, refusals } from '../protocol/refusals.ts';
import type { LoadedRequest } from '../request/load-request.ts';
import type { RequestState } from '../request/request-state.ts';

/** What an approver has to know: what is asked for, by whom AWS says it is, and what speaks against it. */
export interface Review {
  readonly loaded: LoadedRequest;
  /** By the identity store; the request's own words count for nothing. */
  readonly userName: string;
  readonly displayName: string | undefined;
  /** Against approving it; the recorder would take such access away at once. */
  readonly against: readonly Refusal[];
}

/** Compares a request with forge.yaml and the identity store, so that nobody approves what would not be sanctioned. */
export async function reviewRequest(
  place: BreakGlassPlace,
  caller: AccessCaller,
  loaded: LoadedRequest,
): Promise<Review> {
  const { request, rule } = loaded;
  const [user, groupId] = await Promise.all([
    describeUser(caller, request.requester.userId),
    rule && findGroupByName(caller, rule.groupName),
  ]);
  if (user === undefined) {
    throw new ForgeError('denied', `The identity store does not know who wrote ${shortId(loaded.id)}.`, {
      code: 'NO_SUCH_USER',
      hint: 'It can’t be approved. Tell those who look after Identity Center.',
    });
  }
  const against: Refusal[] = [];
  const refuse = (when: boolean, refusal: Refusal) => {
    if (when) against.push(refusal);
  };
  refuse(user.userName !== request.requester.userName, 'wrong-person');
  refuse(rule === undefined, 'unknown-group');
  if (rule !== undefined) {
    refuse(groupId !== request.groupId, 'wrong-group');
    refuse(rule.permissionSet !== request.permissionSet, 'wrong-permission-set');
    const environment = place.config.environments.get(request.environment);
    const { environments } = rule.tier;
    const here = environments.length === 0 || environments.includes(request.environment);
    const known = environment?.production === true && environment.account === request.account && here;
    refuse(!known, 'wrong-account');
    refuse(request.minutes > rule.longest, 'too-long');
    refuse(rule.tier.ticket.when === 'before' && request.ticket === undefined, 'no-ticket');
  }
  refuse(loaded.state.status === 'lapsed', 'request-lapsed');
  return { loaded, ...user, against };
}

/** Lines for people, unescaped: whoever shows them escapes each. `now` by AWS's clock, for spans only. */
export function reviewLines(review: Review, now: number): readonly (readonly [string, string])[] {
  const { request, id, stored, state, digest } = review.loaded;
  const name = review.displayName === undefined ? '' : `${review.displayName}, `;
  const what = request.scenario === undefined ? '' : `, ${request.scenario}`;
  const facts: (readonly [string, string | undefined])[] = [
    ['Who', `${name}${review.userName}`],
    ['Asks for', `tier ${request.tier}${what} in ${request.environment} (${request.account})`],
    [
      'That is',
      `${request.permissionSet} for ${durationText(request.minutes * 60_000)} from the approval on`,
    ],
    ['Reason', request.reason],
    ['Ticket', request.ticket],
    ['Prolongs', request.extends],
    ['Asked', `${durationText(now - stored.lastModified)} ago${lapse(state, now)}`],
    [
      'Approvals',
      `${state.approvedBy.length} of ${state.needed}${listed(state.approvedBy.map((one) => one.userName))}`,
    ],
    ['Request', `${id} (${shortId(id)})`],
    ['SHA-256', digest],
    ...review.against.map((refusal) => ['Against it', refusals[refusal]] as const),
  ];
  return facts.flatMap(([title, value]) => (value === undefined ? [] : [[title, value] as const]));
}

/** Only what waits can lapse. */
const lapse = ({ status, lapsesAt }: RequestState, now: number) =>
  status === 'waiting' ? `; lapses ${untilText(lapsesAt, now).replace(/^until /, 'at ')}` : '';

const listed = (names: readonly string[]) => (names.length === 0 ? '' : `: ${names.join(', ')}`);
