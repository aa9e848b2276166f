import { shortId } from '../../breakglass/protocol/ids.ts';
import type { SessionRow } from '../../breakglass/session-row.ts';
import { durationText } from '../../lib/duration-text.ts';
import type { Style } from '../../terminal/style.ts';
import { type Column, renderTable } from '../../terminal/table.ts';
import { timeText } from '../audit/time-text.ts';

/** Sessions for people, times in UTC. */
export const sessionTable = (rows: readonly SessionRow[], style: Style): string =>
  renderTable(columnsOf(rows), rows, style);

const tones = {
  open: 'good',
  granted: 'good',
  waiting: 'caution',
  overdue: 'danger',
  unsanctioned: 'danger',
  invalid: 'danger',
} as const;

function columnsOf(rows: readonly SessionRow[]): readonly Column<SessionRow>[] {
  // Counted, not compared in pairs: there are thousands.
  const counts = new Map<string, number>();
  for (const { id } of rows) counts.set(shortOf(id), (counts.get(shortOf(id)) ?? 0) + 1);
  const time = (at: number | undefined) =>
    at === undefined ? undefined : timeText(new Date(at).toISOString());
  return [
    {
      title: 'ID',
      value: ({ id }) => ((counts.get(shortOf(id)) ?? 0) > 1 ? id : shortOf(id)),
      tone: () => 'bold',
    },
    { title: 'OPENED', value: ({ openedAt }) => time(openedAt) },
    {
      title: 'STATUS',
      value: ({ status }) => status,
      tone: ({ status }) => tones[status as keyof typeof tones] ?? 'dim',
    },
    { title: 'WHO', value: ({ userName }) => userName },
    {
      title: 'TIER',
      value: ({ tier, scenario }) =>
        tier === undefined ? undefined : `${tier}${scenario === undefined ? '' : ` ${scenario}`}`,
    },
    { title: 'WHERE', value: ({ environment }) => environment },
    {
      title: 'TIME',
      value: ({ openedAt, endsAt }) =>
        openedAt === undefined || endsAt === undefined ? undefined : durationText(endsAt - openedAt),
    },
    { title: 'APPROVED BY', value: ({ approvers }) => approvers.join(', '), minor: true },
    { title: 'TICKET', value: ({ ticket }) => ticket, minor: true },
    { title: 'REASON', value: ({ reason }) => reason, minor: true },
  ];
}

const shortOf = (id: string): string => shortId(id as `BG-${string}`);
