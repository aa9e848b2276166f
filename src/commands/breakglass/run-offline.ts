import { checkOfflineKey, obtainOfflineKey } from '../../breakglass/offline/obtain-offline-key.ts';
import { runOfflineSession } from '../../breakglass/offline/offline-session.ts';
import { type OfflineSession, openOffline } from '../../breakglass/offline/open-offline.ts';
import { planOffline } from '../../breakglass/offline/plan-offline.ts';
import { offlineSteps } from '../../breakglass/offline/plan-offline-steps.ts';
import { lineProblem, ticketLength } from '../../breakglass/protocol/document-parts.ts';
import { recordOutcome } from '../../breakglass/record-step.ts';
import type { RequestWish } from '../../breakglass/request/plan-request.ts';
import { sessionExit } from '../../breakglass/session/active-grant.ts';
import type { Tier } from '../../config/break-glass.ts';
import type { Context } from '../../context.ts';
import { ForgeError } from '../../errors.ts';
import { durationText } from '../../lib/duration-text.ts';
import { askSummary } from './ask-summary.ts';
import type { BreakGlassParts } from './break-glass-parts.ts';
import { askPeople, type PeopleOptions } from './offline-parts.ts';
import { sayEnd } from './say-end.ts';
import { summaryFacts } from './summary-facts.ts';
import { checkSummary, readSummary, type SummaryOptions } from './summary-options.ts';

type OfflineOptions = PeopleOptions & SummaryOptions;

/** Tier 3: Identity Center is down. Two people open it with what each of them has, and nothing of it is asked. */
export async function runOffline(
  context: Context,
  { parts, place }: BreakGlassParts,
  tier: Tier,
  wish: RequestWish,
  options: OfflineOptions,
  command: readonly string[],
): Promise<number> {
  const { output, globals } = context;
  checkSummary(options);
  const plan = planOffline(place, tier, wish);
  if (globals.plan) {
    output.plan(offlineSteps(plan, command));
    return 0;
  }
  const people = await askPeople(context, tier, options);
  output.instruct(
    `${people.keyHolder} has the key, ${people.deviceHolder} the MFA device. It is recorded in both names.`,
  );
  const { key } = await obtainOfflineKey(parts, tier, { fresh: false });
  await checkOfflineKey(parts, place.region, key, plan.userArn);
  const session = await openOffline(parts, place, plan, people, key);
  output.instruct(
    `The glass is broken: ${plan.environment.name} for ${durationText(plan.seconds * 1_000)}, and it is recorded.`,
  );
  const began = context.host.now();
  const end = await runOfflineSession(parts, place, session, command.length === 0 ? undefined : command);
  sayEnd(context, end);
  const { environment, reason } = plan;
  const about = { id: session.id, environment: environment.name, reason, tier: Number(tier.name) };
  await askForTheRecord(context, parts, session, options, (ticket) =>
    summaryFacts({ ...about, ticket }, began, context.host.now(), end),
  );
  output.warn('The key has been used and is to be replaced, by both of you: forge breakglass rotate');
  return sessionExit({ id: session.id, environment: plan.environment.name }, end);
}

/** Kept in the journal, which becomes evidence once Identity Center is back. */
async function askForTheRecord(
  context: Context,
  parts: BreakGlassParts['parts'],
  { id, plan, people }: OfflineSession,
  options: OfflineOptions,
  facts: (ticket: string | undefined) => readonly string[],
): Promise<void> {
  const asks = context.prompt.possible && !context.host.signal.aborted;
  const person = people.both;
  let { ticket } = plan;
  if (ticket === undefined && plan.tier.ticket.when !== 'none') {
    const typed = asks ? await askTicket(context) : undefined;
    if (typed !== undefined && lineProblem(typed, ticketLength) === undefined) ticket = typed.trim();
    if (ticket === undefined || ticket === '')
      context.output.warn('The ticket is still to come: tell whoever keeps the record.');
    else await recordOutcome(parts, { type: 'breakglass.ticket', id, person, ticket });
  }
  const given = readSummary(context, options);
  const summary = given ?? (asks ? await askSummary(context, facts(ticket || undefined)) : undefined);
  if (summary !== undefined) await recordOutcome(parts, { type: 'breakglass.summary', id, person, summary });
}

/** Undefined: Ctrl-C, which means: not now. */
async function askTicket({ prompt }: Context): Promise<string | undefined> {
  try {
    return await prompt.text({ message: 'Ticket of the incident (Enter: later)', flag: '--ticket' });
  } catch (error) {
    if (error instanceof ForgeError && error.kind === 'interrupted') return undefined;
    throw error;
  }
}
