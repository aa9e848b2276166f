import { type BreakGlassPlace, breakGlassPlace } from '../../breakglass/break-glass-place.ts';
import { dueSentence, listDueTickets } from '../../breakglass/emergency/due-tickets.ts';
import { deliverSpool, hasUndelivered } from '../../breakglass/evidence/deliver-spool.ts';
import type { SessionParts } from '../../breakglass/grant/grant-session.ts';
import { listDueRotations, rotationSentence } from '../../breakglass/offline/due-rotation.ts';
import type { RequestId } from '../../breakglass/protocol/ids.ts';
import type { Context } from '../../context.ts';
import { identityParts } from '../../identity/identity-parts.ts';

export interface BreakGlassParts {
  readonly parts: SessionParts;
  readonly place: BreakGlassPlace;
}

/**
 * What all break-glass commands need; what an earlier one could not tell is told, and tickets that are missed are named.
 * `given`: the session whose ticket this command brings. --profile means nothing here: who asks, approves or ends is who has signed in.
 */
export async function breakGlassParts(context: Context, given?: RequestId): Promise<BreakGlassParts> {
  const place = breakGlassPlace(await context.config());
  const parts = { ...identityParts(context), output: context.output };
  if (!context.globals.plan && hasUndelivered(context.host)) await deliverLate(parts, place);
  const { host, output } = context;
  for (const due of await listDueTickets(host))
    if (due.id !== given) output.warn(dueSentence(due, host.now()));
  for (const due of await listDueRotations(host)) output.warn(rotationSentence(due, host.now()));
  return { parts, place };
}

const patienceMs = 4_000;

/** What an earlier command could not tell. */
async function deliverLate(parts: SessionParts, place: BreakGlassPlace): Promise<void> {
  const { delivered, waiting, why } = await deliverSpool(parts, place, patienceMs);
  if (delivered > 0) parts.output.note(`Delivered ${delivered} of what could not be told before.`);
  if (waiting > 0) parts.output.warn(`${waiting} of what is to be told still waits. ${why ?? ''}`.trim());
}
