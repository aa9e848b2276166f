import type { ActiveGrant } from '../../breakglass/session/active-grant.ts';
import type { SessionEnd } from '../../breakglass/session/run-session.ts';
import { durationText } from '../../lib/duration-text.ts';
import { escapeLine } from '../../lib/escape-for-terminal.ts';
import { isoSeconds } from '../../lib/iso-seconds.ts';

interface Session extends Pick<ActiveGrant, 'id' | 'environment' | 'reason'> {
  readonly tier: number;
  readonly ticket: string | undefined;
}

/** What whoever writes the summary needn't write. Times are the wall clock's, epoch milliseconds. */
export function summaryFacts(
  session: Session,
  opened: number,
  ended: number,
  { sentences }: Pick<SessionEnd, 'sentences'>,
): readonly string[] {
  const { id, tier, environment, reason, ticket } = session;
  return [
    `${id}, tier ${tier} on ${environment}`,
    `${isoSeconds(opened)} to ${isoSeconds(ended)} (${durationText(Math.max(0, ended - opened))})`,
    `Reason: ${reason}`,
    ...(ticket === undefined ? [] : [`Ticket: ${ticket}`]),
    ...sentences,
  ].map(escapeLine);
}
