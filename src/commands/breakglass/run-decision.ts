import { grantIfApproved, writeDecision } from '../../breakglass/decide/decide.ts';
import { type Hearing, openHearing, refuseApproval } from '../../breakglass/decide/decide-request.ts';
import { reviewLines } from '../../breakglass/decide/review-request.ts';
import { decisionPlan } from '../../breakglass/plan-steps.ts';
import { lineProblem, noteLength } from '../../breakglass/protocol/document-parts.ts';
import { shortId } from '../../breakglass/protocol/ids.ts';
import { minutesOf } from '../../breakglass/request/plan-request.ts';
import { approveLine, requestFacts } from '../../breakglass/request/request-facts.ts';
import { whyNot } from '../../breakglass/request/wait-for-approval.ts';
import type { CommandInput } from '../../command.ts';
import type { Context } from '../../context.ts';
import { ForgeError } from '../../errors.ts';
import { untilText } from '../../lib/duration-text.ts';
import { escapeLine } from '../../lib/escape-for-terminal.ts';
import { type BreakGlassParts, breakGlassParts } from './break-glass-parts.ts';
import { changeReview, refuseUnsoundChange, showChangeText } from './review-change.ts';

export interface DecideOptions {
  readonly duration?: string;
  readonly note?: string;
  readonly yes?: boolean;
}

export const decideOptions = [
  { flags: '--note <text>', description: 'shown to whoever asked' },
  { flags: '--yes', description: 'do not ask, go on' },
];

type Outcome = 'approved' | 'denied';

export async function runDecision(
  context: Context,
  { args, options }: CommandInput<DecideOptions>,
  outcome: Outcome,
  /** `change`: by a command that decides nothing else. */
  of: 'anything' | 'change' = 'anything',
): Promise<void> {
  const { output, globals } = context;
  const found = await breakGlassParts(context);
  checkNote(options.note);
  const hearing = await openHearing(found.parts, found.place, args[0] ?? '');
  const { review, caller } = hearing;
  const { loaded } = review;
  const { id, state } = loaded;
  if (of === 'change' && loaded.request.change === undefined) throw noChange(shortId(id), outcome);
  const { config } = found.place;
  const lines = [...reviewLines(review, caller.aws.now()), ...changeReview(config, loaded)];
  const width = Math.max(...lines.map(([title]) => title.length));
  output.instruct(lines.map(([title, value]) => `${title.padEnd(width)}  ${escapeLine(value)}`).join('\n'));
  showChangeText(context, loaded);
  if (outcome === 'approved') {
    refuseApproval(hearing);
    refuseUnsoundChange(config, loaded);
  }
  if (state.status !== 'waiting' && !isUnfinished(hearing, outcome)) throw whyNot(loaded);
  const minutes = Math.min(
    loaded.request.minutes,
    options.duration === undefined || loaded.rule === undefined
      ? loaded.request.minutes
      : minutesOf(options.duration, { ...loaded.rule, shortest: 1 }),
  );
  if (globals.plan) return output.plan(decisionPlan(found.place, loaded, outcome, minutes));
  if (!(await confirmed(context, options, outcome, shortId(id)))) {
    throw new ForgeError('usage', `Nothing was decided about ${shortId(id)}.`, {
      code: 'NOT_CONFIRMED',
      hint: `It waits on: ${approveLine(id)}`,
    });
  }
  await writeDecision(found.parts, caller, hearing.approver, loaded, {
    outcome,
    minutes,
    note: options.note,
  });
  if (outcome === 'denied') return report(context, found, hearing, 'denied');
  const granted = await grantIfApproved(found.parts, caller, loaded);
  report(
    context,
    { ...found },
    { ...hearing, review: { ...review, loaded: { ...loaded, state: granted.state } } },
    granted.outcome,
  );
}

/** Approved already, by this person or others: the membership may be missing, and making it again does no harm. */
function isUnfinished({ review }: Hearing, outcome: Outcome): boolean {
  return outcome === 'approved' && review.loaded.state.status === 'granted';
}

function report(
  { output, host }: Context,
  _found: BreakGlassParts,
  { review }: Hearing,
  outcome: 'denied' | 'made' | 'there' | 'not-yet',
): void {
  const { loaded, userName } = review;
  const { state, request, id } = loaded;
  const until = state.endsAt === undefined ? '' : ` ${untilText(state.endsAt, host.now())}`;
  const sentences = {
    denied: `Denied. ${userName} is told when they look.`,
    made:
      request.change === undefined
        ? `Approved. ${userName} has ${request.permissionSet} in ${request.environment}${until}.`
        : `Approved. ${userName} can run it${until}, once.`,
    there: `Approved. ${userName} is in the group already; it counts${until}.`,
    'not-yet': `Approved, ${state.approvedBy.length} of ${state.needed}. Another approver has to: ${approveLine(id)}`,
  };
  output.result({
    data: {
      ...requestFacts(loaded),
      ...(outcome === 'denied' ? { status: 'denied', approve: null } : {}),
      membership: outcome === 'made' || outcome === 'there' ? outcome : null,
    },
    text: (style) => style.plain(sentences[outcome]),
  });
}

async function confirmed(
  { prompt }: Context,
  options: DecideOptions,
  outcome: Outcome,
  short: string,
): Promise<boolean> {
  if (options.yes === true) return true;
  const message = outcome === 'approved' ? `Approve ${short}?` : `Deny ${short}?`;
  return prompt.confirm({ message, flag: '--yes', default: 'no' });
}

function noChange(short: string, outcome: Outcome): ForgeError {
  const line = `forge breakglass ${outcome === 'approved' ? 'approve' : 'deny'} ${short}`;
  return new ForgeError('usage', `${short} asks for access, not for a change to data.`, {
    code: 'NOT_A_CHANGE',
    hint: `Look at it, and decide: ${line}`,
  });
}

function checkNote(note: string | undefined): void {
  const problem = note === undefined ? undefined : lineProblem(note, noteLength);
  if (problem === undefined) return;
  throw new ForgeError('usage', `The note ${problem}.`, {
    code: 'INVALID_NOTE',
    hint: `One line of up to ${noteLength} characters: --note "read-only, please"`,
  });
}
