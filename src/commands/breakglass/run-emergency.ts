import { dueSentence, listDueTickets } from '../../breakglass/emergency/due-tickets.ts';
import { runEmergencySession } from '../../breakglass/emergency/emergency-session.ts';
import { ensureFreshSignIn } from '../../breakglass/emergency/fresh-sign-in.ts';
import { type Emergency, openEmergency } from '../../breakglass/emergency/open-emergency.ts';
import { planEmergency } from '../../breakglass/emergency/plan-emergency.ts';
import { emergencySteps } from '../../breakglass/plan-steps.ts';
import { checkTicket } from '../../breakglass/request/check-ticket.ts';
import type { RequestWish } from '../../breakglass/request/plan-request.ts';
import { sessionExit } from '../../breakglass/session/active-grant.ts';
import type { SessionEnd } from '../../breakglass/session/run-session.ts';
import type { Tier } from '../../config/break-glass.ts';
import type { Context } from '../../context.ts';
import { ForgeError } from '../../errors.ts';
import { durationText } from '../../lib/duration-text.ts';
import { isAsked, recordSummary } from './ask-summary.ts';
import type { BreakGlassParts } from './break-glass-parts.ts';
import { recordTicket } from './record-ticket.ts';
import { sayEnd } from './say-end.ts';
import { summaryFacts } from './summary-facts.ts';
import { checkSummary, readSummary, type SummaryOptions } from './summary-options.ts';

/** Tier 0: nobody is asked, everybody is told. */
export async function runEmergency(
  context: Context,
  found: BreakGlassParts,
  tier: Tier,
  wish: RequestWish,
  options: SummaryOptions,
  command: readonly string[],
): Promise<number> {
  const { output, prompt, globals, host } = context;
  const { parts, place } = found;
  checkSummary(options);
  const plan = planEmergency(tier, wish);
  if (globals.plan) {
    output.plan(emergencySteps(place, plan, command));
    return 0;
  }
  if (command.length === 0 && !prompt.possible) {
    throw new ForgeError('usage', 'There is no terminal for a shell.', {
      code: 'BREAKGLASS_NO_TERMINAL',
      hint: 'Name what to run: forge breakglass --tier 0 … -- <command>',
    });
  }
  if (tier.mfa) await ensureFreshSignIn(parts, place, tier.mfaWithinSeconds);
  const emergency = await openEmergency(parts, place, plan);
  output.instruct(
    `The glass is broken: ${plan.environment.name} for ${durationText(plan.seconds * 1_000)}, and it is recorded.`,
  );
  const began = host.now();
  let given: string | undefined;
  const summary = () => {
    given = readSummary(context, options);
    return given;
  };
  const words = command.length === 0 ? undefined : command;
  const end = await runEmergencySession(parts, place, emergency, words, summary);
  sayEnd(context, end);
  await askForTheRecord(context, found, emergency, { began, end, given });
  return sessionExit({ id: emergency.id, environment: plan.environment.name }, end);
}

/** Ticket and summary, where they are missing; both may follow later. */
async function askForTheRecord(
  context: Context,
  found: BreakGlassParts,
  { id, person, plan }: Emergency,
  {
    began,
    end,
    given,
  }: { readonly began: number; readonly end: SessionEnd; readonly given: string | undefined },
): Promise<void> {
  const { host, output } = context;
  const due = (await listDueTickets(host)).find((one) => one.id === id);
  const asks = isAsked(end.ending);
  if (due !== undefined) {
    const ticket = asks ? await askTicket(context, plan.tier) : undefined;
    if (ticket === undefined) output.warn(dueSentence(due, host.now()));
    else await recordTicket(found, person, id, ticket);
  }
  if (given !== undefined || !asks) return;
  const session = {
    id,
    tier: 0,
    environment: plan.environment.name,
    reason: plan.reason,
    ticket: plan.ticket,
  };
  const facts = summaryFacts(session, began, host.now(), end);
  await recordSummary(context, found, { id, person, facts }, undefined);
}

/** Undefined: later. */
async function askTicket({ prompt, host, output }: Context, tier: Tier): Promise<string | undefined> {
  while (prompt.possible && !host.signal.aborted) {
    try {
      const answer = await prompt.text({
        message: 'Ticket of the incident (Enter: later)',
        flag: '--ticket',
      });
      return answer.trim() === '' ? undefined : checkTicket(answer, tier);
    } catch (error) {
      if (!(error instanceof ForgeError)) throw error;
      // Ctrl-C means: not now.
      if (error.code !== 'INVALID_TICKET') return undefined;
      output.warn(error.message);
    }
  }
  return undefined;
}
