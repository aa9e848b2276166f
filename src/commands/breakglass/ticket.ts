import { requesterAccount } from '../../breakglass/access-account.ts';
import { type DueTicket, listDueTickets } from '../../breakglass/emergency/due-tickets.ts';
import { ownUser } from '../../breakglass/own-user.ts';
import { ticketPlan } from '../../breakglass/plan-steps.ts';
import type { Person } from '../../breakglass/protocol/document-parts.ts';
import { isRequestId, matchesShortId, type RequestId, shortId } from '../../breakglass/protocol/ids.ts';
import { checkTicket } from '../../breakglass/request/check-ticket.ts';
import { findRequest } from '../../breakglass/request/find-request.ts';
import { defineCommand } from '../../command.ts';
import { ForgeError } from '../../errors.ts';
import { type BreakGlassParts, breakGlassParts } from './break-glass-parts.ts';
import { recordTicket } from './record-ticket.ts';

export default defineCommand({
  description: 'Adds the ticket that was to follow to the record of a session of yours.',
  arguments: [
    { name: '<id>', description: 'of the session: BG-… or bg-7f3k' },
    { name: '<ticket>', description: 'of the incident, e.g. INC-123' },
  ],
  examples: [['forge breakglass ticket bg-7f3k INC-123', 'the ticket of a tier 0 session, within the hour']],
  details: `Until it is there, every forge breakglass command on the machine of the session reminds of it. What can't be delivered
now is kept, and delivered by a later command. From another machine the full id names the session.`,
  async run(context, { args }) {
    const { output, host, globals } = context;
    const typed = (args[0] ?? '').trim();
    const due = dueNamed(typed, await listDueTickets(host));
    const found = await breakGlassParts(context, due?.id);
    const ticket = checkTicket(args[1] ?? '', found.place.breakGlass.tiers.get(due?.tier ?? '0'));
    if (globals.plan) return output.plan(ticketPlan(found.place, typed));
    const { id, person } = due ?? (await sessionNamed(found, typed));
    await recordTicket(found, person, id, ticket);
    output.result({
      data: { id, shortId: shortId(id), ticket },
      text: (style) => style.plain(`${shortId(id)}: ${ticket}`),
    });
  },
});

function dueNamed(typed: string, all: readonly DueTicket[]): DueTicket | undefined {
  const [only, ...others] = all.filter(({ id }) => matchesShortId(typed, id));
  if (others.length === 0) return only;
  throw new ForgeError('usage', `${JSON.stringify(typed)} could be any of ${others.length + 1} sessions.`, {
    code: 'AMBIGUOUS_ID',
    hint: `Say more of it: ${all.map(({ id }) => id).join(', ')}`,
  });
}

/** Of another machine, or one that had a ticket already. Only one's own record can be added to: IAM sees to that. */
async function sessionNamed(
  { parts, place }: BreakGlassParts,
  typed: string,
): Promise<{ readonly id: RequestId; readonly person: Person }> {
  const caller = await requesterAccount(parts, place)();
  const person = await ownUser(parts.host, caller);
  if (isRequestId(typed)) return { id: typed, person };
  const listed = await findRequest(caller, typed, person);
  if (listed.userId === person.userId) return { id: listed.id, person };
  throw new ForgeError('denied', `${shortId(listed.id)} is somebody else's.`, {
    code: 'NOT_YOURS',
    hint: `Whose: forge breakglass show ${shortId(listed.id)}`,
  });
}
