import { durationText } from '../lib/duration-text.ts';
import type { BreakGlassPlace } from './break-glass-place.ts';
import { deliverSpool } from './deliver-spool.ts';
import { emergencyEvidence } from './emergency-evidence.ts';
import type { SessionParts } from './grant-session.ts';
import type { Emergency } from './open-emergency.ts';
import { lineProblem, ticketLength } from './protocol/document-parts.ts';
import { recordOutcome, recordStep } from './record-step.ts';
import { runSession, type SessionEnd } from './session/run-session.ts';
import { hasSpooled, spool } from './spool.ts';

const patienceMs = 6_000;

/** A shell, or a program, with the emergency role; what is still to be told is told meanwhile. */
export async function runEmergencySession(
  parts: SessionParts,
  place: BreakGlassPlace,
  emergency: Emergency,
  command: readonly string[] | undefined,
): Promise<SessionEnd> {
  const { host, output, prompt } = parts;
  const { id, plan, person, credentials } = emergency;
  const aws = await parts.aws();
  await recordStep(parts, { type: 'breakglass.session.opened', id, environment: plan.environment.name });
  const end = await runSession(parts, {
    grant: {
      id,
      tier: 0,
      environment: plan.environment.name,
      region: plan.environment.region,
      reason: plan.reason,
      endsAt: Math.min(credentials.expiration - aws.clockSkew(), host.now() + plan.seconds * 1_000),
    },
    command,
    // One use of the role is one alert and one record: its keys last as long as the session.
    source: async () => credentials,
    async revoked() {
      if (hasSpooled(host)) await deliverSpool(parts, place, patienceMs);
      return undefined;
    },
  });
  await recordOutcome(parts, {
    type: 'breakglass.session.closed',
    id,
    why: end.ending.why,
    exitCode: end.exitCode,
  });
  const ticket = plan.ticket ?? (prompt.possible ? await askTicket(parts) : undefined);
  await spool(
    host,
    emergencyEvidence(place, person, id, 2, {
      type: 'closed',
      at: aws.now(),
      id,
      why: end.ending.why,
      ticket: ticket ?? null,
    }),
  );
  if (ticket === undefined && plan.tier.ticket.when !== 'none') {
    const within = plan.tier.ticket.withinSeconds;
    output.warn(
      `The ticket is still to come${within === undefined ? '' : `, within ${durationText(within * 1_000)} of the opening`}.`,
    );
  }
  const { waiting } = await deliverSpool(parts, place, patienceMs);
  if (waiting > 0)
    output.warn(`${waiting} of what is to be told waits for the next forge breakglass command.`);
  return end;
}

async function askTicket({ prompt }: SessionParts): Promise<string | undefined> {
  const answer = await prompt.text({ message: 'Ticket of the incident (Enter: later)', flag: '--ticket' });
  return lineProblem(answer, ticketLength) === undefined ? answer.trim() : undefined;
}
