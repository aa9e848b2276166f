import { ForgeError } from '../errors.ts';
import { lineProblem, ticketLength } from './protocol/document-parts.ts';

/** A ticket as the record can have it. Throws usage INVALID_TICKET. */
export function checkTicket(ticket: string): string {
  const problem = lineProblem(ticket, ticketLength);
  if (problem === undefined) return ticket.trim();
  throw new ForgeError('usage', `The ticket ${problem}.`, {
    code: 'INVALID_TICKET',
    hint: 'For example: --ticket INC-123',
  });
}
