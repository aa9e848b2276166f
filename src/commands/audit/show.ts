import { findRecords } from '../../audit/find-records.ts';
import type { JournalRecord } from '../../audit/journal-record.ts';
import { defineCommand } from '../../command.ts';
import type { Style } from '../../terminal/style.ts';
import { archiveOption } from './archive-option.ts';
import { journalPlan } from './plan-audit.ts';
import { timeText } from './time-text.ts';

export default defineCommand<{ readonly archive?: boolean; readonly sql?: boolean }>({
  description: 'Shows every record of one access, or of one break-glass session.',
  arguments: [{ name: '<id>', description: 'from forge audit list, or of break-glass: BG-… or bg-7f3k' }],
  options: [archiveOption, { flags: '--sql', description: 'what was run on databases, as a query log' }],
  examples: [
    ['forge audit show 3f9c21aa', 'one access: how it began, what it touched, how it ended'],
    ['forge audit show bg-7f3k', 'a break-glass session, and every access that was made in it here'],
    [
      'forge audit show bg-7f3k --sql',
      'every statement of it: when, how long, how many rows, what became of it',
    ],
    [
      'forge audit show --archive bg-7f3k',
      'what the archive has of it: who asked, who approved, how it ended',
    ],
    ['forge audit show --archive bg-7f3k --output json', 'the same with the exact documents and events'],
  ],
  details: 'It shows what is there. Whether that is whole: forge audit verify.',
  async run(context, { args, options }) {
    const { host, output, globals } = context;
    const typed = args[0] ?? '';
    if (options.sql === true) {
      const { showStatements } = await import('./show-statements.ts');
      return showStatements(context, typed, options.archive === true);
    }
    if (options.archive === true) {
      const { showArchived } = await import('./show-archived.ts');
      return showArchived(context, typed);
    }
    if (globals.plan) return output.plan(journalPlan(`Show the records of ${typed}.`));
    const { id, records } = await findRecords(host, typed);
    output.result({
      data: { id, records: records.map(({ event, previous, hash }) => ({ ...event, previous, hash })) },
      text: (style) => records.map((record) => recordText(record, style)).join('\n\n'),
    });
  },
});

function recordText({ event }: JournalRecord, style: Style): string {
  const { at, type, ...facts } = event;
  const rows = Object.entries(facts).map(([name, value]): [string, string] => [
    name,
    typeof value === 'object' ? JSON.stringify(value) : String(value),
  ]);
  const width = Math.max(0, ...rows.map(([name]) => name.length));
  return [
    `${style.dim(timeText(String(at)))}  ${style.bold(String(type))}`,
    ...rows.map(([name, value]) => `  ${style.dim(name.padEnd(width))}  ${style.plain(value)}`),
  ].join('\n');
}
