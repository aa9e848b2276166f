import { requesterAccount } from '../../breakglass/access-account.ts';
import { listBesideRequests } from '../../breakglass/beside-requests.ts';
import { type GrantList, listGrants } from '../../breakglass/grant/list-grants.ts';
import { lookPlan } from '../../breakglass/plan-steps.ts';
import { shortIdAmong } from '../../breakglass/protocol/ids.ts';
import type { LoadedRequest } from '../../breakglass/request/load-request.ts';
import { requestFacts } from '../../breakglass/request/request-facts.ts';
import { rowFacts, type SessionRow } from '../../breakglass/session-row.ts';
import { defineCommand } from '../../command.ts';
import type { Context } from '../../context.ts';
import { durationText, untilText } from '../../lib/duration-text.ts';
import { type Column, renderTable } from '../../terminal/table.ts';
import { breakGlassParts } from './break-glass-parts.ts';
import { sessionTable } from './session-table.ts';

export default defineCommand<{ readonly all?: boolean }>({
  description: 'Lists who asks for access to production, and who has it.',
  options: [{ flags: '--all', description: 'also what was denied, lapsed or is over' }],
  examples: [
    ['forge breakglass list', 'what waits for an approval, and what stands open'],
    ['forge breakglass list --all --output json', 'everything that was ever asked for'],
  ],
  details: `Read from the requests and decisions themselves: their times are the bucket's, not those of anybody's machine. How
it really went is in the archive. Beside them: emergencies and grants that nobody asked for, for whoever may read records; others
see the emergencies that this machine opened.`,
  async run(context, { options }) {
    const { parts, place } = await breakGlassParts(context);
    if (context.globals.plan) return context.output.plan(lookPlan(place, 'List break-glass requests.'));
    const caller = await requesterAccount(parts, place)();
    const list = await listGrants(place, caller, { all: options.all === true });
    const beside = await listBesideRequests(parts, place, options.all === true);
    showGrants(context, list, beside);
    if (list.found.length === 0 && beside.length === 0)
      context.output.note(
        options.all === true ? 'Nobody has ever asked.' : 'Nobody asks, and nobody has access.',
      );
  },
});

export function showGrants(
  { output, host }: Context,
  { found, unreadable }: GrantList,
  beside: readonly SessionRow[] = [],
): void {
  output.result({
    data: [
      ...found.map(requestFacts),
      ...beside.map((row) => ({ ...rowFacts(row), requester: { userId: null, userName: row.userName } })),
    ],
    text: (style) =>
      [renderTable(columnsOf(found, host.now()), found, style), sessionTable(beside, style)]
        .filter((part) => part !== '')
        .join('\n\n'),
  });
  for (const { key } of unreadable) output.warn(`${key} is no request.`);
}

const tones = { waiting: 'caution', granted: 'good', invalid: 'danger' } as const;

function columnsOf(found: readonly LoadedRequest[], now: number): readonly Column<LoadedRequest>[] {
  const ids = found.map(({ id }) => id);
  return [
    { title: 'ID', value: ({ id }) => shortIdAmong(id, ids), tone: () => 'bold' },
    {
      title: 'STATUS',
      value: ({ state }) => state.status,
      tone: ({ state }) => tones[state.status as keyof typeof tones] ?? 'dim',
    },
    { title: 'WHO', value: ({ request }) => request.requester.userName },
    {
      title: 'TIER',
      value: ({ request }) => `${request.tier}${request.scenario ? ` ${request.scenario}` : ''}`,
    },
    { title: 'WHERE', value: ({ request }) => request.environment },
    { title: 'TIME', value: (row) => timeOf(row, now) },
    {
      title: 'APPROVED BY',
      value: ({ state }) => state.approvedBy.map((one) => one.userName).join(', '),
      minor: true,
    },
    { title: 'TICKET', value: ({ request }) => request.ticket, minor: true },
    { title: 'REASON', value: ({ request }) => request.reason, minor: true },
  ];
}

function timeOf({ state, request }: LoadedRequest, now: number): string {
  const asked = durationText(request.minutes * 60_000);
  if (state.status === 'waiting') return `${asked}; lapses in ${durationText(state.lapsesAt - now)}`;
  return state.endsAt === undefined ? asked : untilText(state.endsAt, now);
}
