import { readHistory } from '../../breakglass/history.ts';
import { lookPlan } from '../../breakglass/plan-steps.ts';
import { rowFacts } from '../../breakglass/session-row.ts';
import { defineCommand } from '../../command.ts';
import { ForgeError } from '../../errors.ts';
import { type Since, sinceOption, sinceTime } from '../audit/since-option.ts';
import { breakGlassParts } from './break-glass-parts.ts';
import { sessionTable } from './session-table.ts';

interface HistoryOptions {
  readonly since?: Since;
  readonly person?: string;
  readonly all?: boolean;
  readonly limit: number;
}

export default defineCommand<HistoryOptions>({
  description: 'Lists break-glass sessions of the past, of every tier: the newest first.',
  options: [
    sinceOption,
    { flags: '--person <name>', description: 'of one person only: a user name, or how it begins' },
    { flags: '--limit <n>', description: 'how many at most', default: 50, parse: parseLimit },
    { flags: '--all', description: 'all of them, however many' },
  ],
  examples: [
    ['forge breakglass history --since 7d', 'the last week'],
    ['forge breakglass history --env prod-wealth --person dana', 'of one environment and person'],
    ['forge breakglass history --all --output json', 'everything, for a script'],
  ],
  details: `From the archive for auditors, approvers and whoever may kill. Others see what was asked for and decided, and the emergencies
that this machine opened. Times are UTC. Whether a record is whole: forge audit verify --archive.`,
  async run(context, { options }) {
    const { host, output, globals } = context;
    const { parts, place } = await breakGlassParts(context);
    if (globals.plan) return output.plan(lookPlan(place, 'List break-glass sessions of the past.'));
    using progress = output.progress('Reading sessions');
    const { rows, more, from } = await readHistory(parts, place, {
      since: sinceTime(options.since, host.now()),
      environment: globals.env,
      person: options.person,
      limit: options.all === true ? undefined : options.limit,
    });
    progress[Symbol.dispose]();
    output.result({ data: rows.map(rowFacts), text: (style) => sessionTable(rows, style) });
    if (rows.length === 0) output.note('There is no session to show.');
    if (more) output.note(`There are more before that: --all, or --limit with more than ${options.limit}.`);
    if (from === 'intake')
      output.note(
        'What was asked for and decided; the records themselves are read by auditors and approvers.',
      );
  },
});

function parseLimit(text: string): number {
  if (/^[1-9]\d{0,6}$/.test(text)) return Number(text);
  throw new ForgeError('usage', `--limit can't be "${text}".`, {
    code: 'INVALID_LIMIT',
    hint: 'It is a number from 1 on; --all for all.',
  });
}
