import type { Tier } from '../../config/break-glass.ts';
import { ForgeError } from '../../errors.ts';
import { lineProblem, ticketLength } from '../protocol/document-parts.ts';

/** A ticket as the record can have it, and as its tier wants it. Throws usage INVALID_TICKET. */
export function checkTicket(ticket: string, tier: Pick<Tier, 'name' | 'ticket'> | undefined): string {
  const problem = lineProblem(ticket, ticketLength);
  if (problem !== undefined) throw invalid(`The ticket ${problem}.`, 'For example: --ticket INC-123');
  const pattern = tier?.ticket.pattern;
  const trimmed = ticket.trim();
  if (pattern === undefined || new RegExp(`^(?:${pattern})$`, 'u').test(trimmed)) return trimmed;
  throw invalid(
    `${JSON.stringify(trimmed)} is no ticket of tier ${tier?.name}.`,
    `It looks like ${pattern} (break_glass in forge.yaml).`,
  );
}

const invalid = (message: string, hint: string) =>
  new ForgeError('usage', message, { code: 'INVALID_TICKET', hint });
