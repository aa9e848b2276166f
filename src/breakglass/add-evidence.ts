import { randomInt } from 'node:crypto';
import type { IdentityParts } from '../identity/identity-parts.ts';
import type { BreakGlassPlace } from './break-glass-place.ts';
import { type Delivery, deliverSpool } from './deliver-spool.ts';
import { emergencyEvidence } from './emergency-evidence.ts';
import type { Person } from './protocol/document-parts.ts';
import type { RequestId } from './protocol/ids.ts';
import { recordStep } from './record-step.ts';
import { spool } from './spool.ts';

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
  if (addition.type === 'summary')
    await recordStep(parts, { type: 'breakglass.summary', id, person: userName, summary: addition.summary });
  else await recordStep(parts, { type: 'breakglass.ticket', id, person: userName, ticket: addition.ticket });
  const at = (await parts.aws()).now();
  await spool(host, emergencyEvidence(place, person, id, lateNumber(), { ...addition, at, id }));
  return deliverSpool(parts, place, patienceMs);
}

/**
 * Objects have a number, are written once, and may come from several machines: what is added by hand has one by chance,
 * far behind what forge itself delivers in sequence.
 */
const lateNumber = (): number => randomInt(500_000, 1_000_000);
