import { deliverSpool } from '../../breakglass/evidence/deliver-spool.ts';
import { listEvidence } from '../../breakglass/evidence/evidence-state.ts';
import { spoolEnd } from '../../breakglass/evidence/spool-end.ts';
import type { Person } from '../../breakglass/protocol/document-parts.ts';
import { isRequestId, matchesShortId, type RequestId, shortId } from '../../breakglass/protocol/ids.ts';
import type { OpenSession } from '../../breakglass/session/open-sessions.ts';
import type { Context } from '../../context.ts';
import { record, summaryLine } from './ask-summary.ts';
import type { BreakGlassParts } from './break-glass-parts.ts';

/**
 * The session of this machine that was opened without asking anybody (tier 0 and 3): it has no request, and no membership
 * to give back. `ended`: those that were told to end just now. In full an id names one of another machine, too.
 */
export function findEmergencySession(
  host: Context['host'],
  typed: string,
  ended: readonly OpenSession[],
): RequestId | undefined {
  const full = typed.trim();
  const known = new Set([...ended.map(({ id }) => id).filter(isRequestId), ...listEvidence(host)]);
  const [only, ...others] = [...known].filter((id) => matchesShortId(typed, id));
  if (only !== undefined && others.length === 0) return only;
  return isRequestId(full) ? full : undefined;
}

const patienceMs = 6_000;

/** It ends with its process; AWS is told, should that one not get to it, and what was done is added to its record. */
export async function endWithoutRequest(
  { output }: Context,
  found: BreakGlassParts,
  { id, person }: { readonly id: RequestId; readonly person: Person },
  sessionsEnded: number,
  summary: string | undefined,
): Promise<void> {
  const short = shortId(id);
  const sentence =
    sessionsEnded > 0 ? `${short} is ended.` : `No session of ${short} is open on this machine.`;
  output.result({
    data: { id, shortId: short, status: 'ended', membership: 'none', sessionsEnded },
    text: (style) => style.plain(sentence),
  });
  await spoolEnd(found.parts, found.place, person, id);
  // With the summary goes all that waits.
  if (summary === undefined) await deliverSpool(found.parts, found.place, patienceMs);
  else await record(found, { id, person }, { type: 'summary', summary }, summaryLine(id));
}
