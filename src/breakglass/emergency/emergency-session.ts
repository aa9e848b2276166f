import { refusingPrompt } from '../../terminal/refusing-prompt.ts';
import { requesterAccount } from '../access-account.ts';
import type { BreakGlassPlace } from '../break-glass-place.ts';
import { deliverMeanwhile } from '../evidence/deliver-meanwhile.ts';
import { deliverSpool } from '../evidence/deliver-spool.ts';
import { spoolEnd } from '../evidence/spool-end.ts';
import { boundedParts } from '../grant/bounded-parts.ts';
import { closeShells } from '../grant/close-shells.ts';
import type { SessionParts } from '../grant/grant-session.ts';
import { watchKill } from '../grant/watch-kill.ts';
import { recordOutcome, recordStep } from '../record-step.ts';
import type { ActiveGrant } from '../session/active-grant.ts';
import { runSession, type SessionEnd } from '../session/run-session.ts';
import { type DueTicket, dueSentence, listDueTickets, rememberDueTicket } from './due-tickets.ts';
import type { Emergency } from './open-emergency.ts';

const patienceMs = 6_000;
/** So long before it is due the shell is reminded. */
const remindBeforeMs = 15 * 60_000;

/**
 * A shell, or a program, with the emergency role; what is still to be told is told meanwhile, and a ticket that is still
 * to come is remembered. `summary`, read at the end, goes into the closing evidence.
 */
export async function runEmergencySession(
  parts: SessionParts,
  place: BreakGlassPlace,
  emergency: Emergency,
  command: readonly string[] | undefined,
  summary: () => string | undefined,
): Promise<SessionEnd> {
  const { host, output } = parts;
  const { id, plan, credentials, person } = emergency;
  const aws = await parts.aws();
  const due = await rememberTicket(parts, emergency);
  await recordStep(parts, { type: 'breakglass.session.opened', id, environment: plan.environment.name });
  const grant: ActiveGrant = {
    id,
    tier: 0,
    environment: plan.environment.name,
    region: plan.environment.region,
    reason: plan.reason,
    endsAt: Math.min(credentials.expiration - aws.clockSkew(), host.now() + plan.seconds * 1_000),
  };
  let reminded = false;
  await using _delivery = deliverMeanwhile(parts, place);
  const end = await runSession(parts, {
    grant,
    command,
    // One use of the role is one alert and one record: its keys last as long as the session.
    source: async () => credentials,
    async revoked() {
      if (due?.dueAt !== undefined && !reminded && host.now() > due.dueAt - remindBeforeMs) {
        reminded = true;
        const missed = (await listDueTickets(host)).some((one) => one.id === id);
        if (missed) output.warn(dueSentence(due, host.now()));
      }
      return undefined;
    },
    killed: watchKill(host, requesterAccount({ ...parts, prompt: refusingPrompt }, place), id),
    close: (keys, ending) => closeShells(parts, grant, keys, ending),
  });
  await recordOutcome(parts, {
    type: 'breakglass.session.closed',
    id,
    why: end.ending.why,
    exitCode: end.exitCode,
  });
  // Keys that have ended are refused anyway.
  if (end.ending.why !== 'expired') await spoolEnd(parts, place, person, id);
  // On the disk before anybody is asked for anything.
  const said = summary();
  if (said !== undefined)
    await recordOutcome(parts, { type: 'breakglass.summary', id, person: person.userName, summary: said });
  // A terminal that was closed ends forge, and its signal every call: what AWS must know is told all the same.
  const telling = host.signal.aborted ? boundedParts(parts, 2 * patienceMs) : parts;
  const { waiting } = await deliverSpool(telling, place, patienceMs);
  if (waiting > 0)
    output.warn(`${waiting} of what is to be told waits for the next forge breakglass command.`);
  return end;
}

/** Undefined: it was named, or none is asked for. */
async function rememberTicket(
  { host, output }: SessionParts,
  { id, plan: { ticket, tier, environment }, person }: Emergency,
): Promise<DueTicket | undefined> {
  if (ticket !== undefined || tier.ticket.when === 'none') return undefined;
  const within = tier.ticket.withinSeconds;
  const dueAt = within === undefined ? undefined : host.now() + within * 1_000;
  const due: DueTicket = { id, person, environment: environment.name, tier: tier.name, dueAt };
  try {
    await rememberDueTicket(host, due);
  } catch (error) {
    host.signal.throwIfAborted();
    // The bank is down: a reminder that can't be kept is no reason to stay out.
    output.debug(`the ticket's reminder is not kept: ${error instanceof Error ? error.message : error}`);
  }
  return due;
}
