import { forgetDueTicket } from '../../breakglass/emergency/due-tickets.ts';
import type { Person } from '../../breakglass/protocol/document-parts.ts';
import { type RequestId, shortId } from '../../breakglass/protocol/ids.ts';
import { record } from './ask-summary.ts';
import type { BreakGlassParts } from './break-glass-parts.ts';

/** Into the record of the session; once it is on the disk at least, nobody is reminded any more. */
export async function recordTicket(
  found: BreakGlassParts,
  person: Person,
  id: RequestId,
  ticket: string,
): Promise<void> {
  const again = `forge breakglass ticket ${shortId(id)} <ticket>`;
  const kept = await record(found, { person, id }, { type: 'ticket', ticket }, again);
  if (kept) await forgetDueTicket(found.parts.host, id);
}
