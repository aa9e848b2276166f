import type { IdentityParts } from '../../identity/identity-parts.ts';
import type { BreakGlassPlace } from '../break-glass-place.ts';
import type { Person } from '../protocol/document-parts.ts';
import type { RequestId } from '../protocol/ids.ts';
import { recordStep } from '../record-step.ts';
import { type Delivery, deliverSpool } from './deliver-spool.ts';
import { openEvidence } from './evidence-state.ts';

/** What its person adds to the record of a session, as a rule when it is over. */
export type Addition =
  | { readonly type: 'summary'; readonly summary: string }
  | { readonly type: 'ticket'; readonly ticket: string };

const patienceMs = 6_000;

/**
 * Adds evidence to the record of a session of one's own: in the journal, on the disk, then delivered as far as that
 * goes; what can't be is delivered by a later command.
 */
export async function addEvidence(
  parts: IdentityParts,
  place: BreakGlassPlace,
  person: Person,
  id: RequestId,
  addition: Addition,
): Promise<Delivery> {
  const { host } = parts;
  const { userName } = person;
  await openEvidence(host, place, person.userId, id);
  if (addition.type === 'summary')
    await recordStep(parts, { type: 'breakglass.summary', id, person: userName, summary: addition.summary });
  else await recordStep(parts, { type: 'breakglass.ticket', id, person: userName, ticket: addition.ticket });
  return deliverSpool(parts, place, patienceMs);
}
