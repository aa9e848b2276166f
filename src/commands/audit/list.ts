import { type JournalAccess, listAccesses } from '../../audit/list-accesses.ts';
import { isSessionId } from '../../breakglass/protocol/ids.ts';
import { defineCommand } from '../../command.ts';
import { ForgeError } from '../../errors.ts';
import { durationText } from '../../lib/duration-text.ts';
import { type Column, renderTable } from '../../terminal/table.ts';
import { type Since, sinceOption, sinceTime } from './since-option.ts';
import { timeText } from './time-text.ts';

interface ListOptions {
  readonly since?: Since;
  readonly all?: boolean;
  readonly limit: number;
}

export default defineCommand<ListOptions>({
  description: 'Lists what you did with forge on this machine, from its journal: the newest first.',
  options: [
    sinceOption,
    { flags: '--limit <n>', description: 'how many at most', default: 50, parse: parseLimit },
    { flags: '--all', description: 'all of them, however many' },
  ],
  examples: [
    ['forge audit list', 'the last 50'],
    ['forge audit list --env prod-wealth --since 7d', 'of one environment, in a week'],
    ['forge audit list --all --output json', 'everything, for a script'],
  ],
  details: `OUTCOME is empty for what was over at once, is still open, or whose forge was killed. SQL is how many statements were recorded. Times are UTC. The journal is your
own finding aid; what AWS recorded is the truth: forge audit verify says whether the journal is whole.`,
  plannable: false,
  async run({ host, globals, output }, { options }) {
    const { accesses, more, unreadable } = await listAccesses(host, {
      since: sinceTime(options.since, host.now()),
      environment: globals.env,
      limit: options.all === true ? undefined : options.limit,
    });
    output.result({
      data: accesses.map(jsonOf),
      text: (style) => renderTable(columnsOf(accesses), accesses, style),
    });
    if (accesses.length === 0) output.note('The journal has nothing of that.');
    if (more) output.note(`There is more before that: --all, or --limit with more than ${options.limit}.`);
    if (unreadable > 0) {
      const lines =
        unreadable === 1
          ? '1 line of the journal is no record'
          : `${unreadable} lines of the journal are no records`;
      output.warn(`${lines}: forge audit verify says where.`);
    }
  },
});

function parseLimit(text: string): number {
  if (/^[1-9]\d{0,6}$/.test(text)) return Number(text);
  throw new ForgeError('usage', `--limit can't be "${text}".`, {
    code: 'INVALID_LIMIT',
    hint: 'It is a number from 1 on; --all for all.',
  });
}

const tones = new Map<string, 'good' | 'caution' | 'danger'>([
  ['ended', 'good'],
  ['failed', 'caution'],
  ['refused', 'danger'],
]);

function columnsOf(accesses: readonly JournalAccess[]): readonly Column<JournalAccess>[] {
  const nameOf = shortNames(accesses);
  return [
    { title: 'WHEN', value: ({ at }) => timeText(at) },
    { title: 'WHO', value: ({ person }) => person, minor: true },
    {
      title: 'WHAT',
      value: ({ what, write }) => (write === true ? `${what} (write)` : what),
      tone: () => 'bold',
    },
    { title: 'TARGET', value: ({ target, environment }) => target ?? environment },
    {
      title: 'OUTCOME',
      value: ({ outcome, code }) => [outcome, code].filter((word) => word !== undefined).join(' '),
      tone: ({ outcome }) => tones.get(outcome ?? ''),
    },
    {
      title: 'TIME',
      value: ({ milliseconds }) => (milliseconds === undefined ? undefined : durationText(milliseconds)),
    },
    ...(accesses.some(({ statements }) => statements !== undefined) ? [statementsColumn] : []),
    { title: 'ID', value: ({ id }) => nameOf(id) },
    { title: 'GRANT', value: ({ grant }) => nameOf(grant), minor: true },
    { title: 'REASON', value: ({ reason }) => reason, minor: true },
    { title: 'PROGRAM', value: ({ program }) => program, minor: true },
  ];
}

const statementsColumn: Column<JournalAccess> = {
  title: 'SQL',
  value: ({ statements }) => (statements === undefined ? undefined : String(statements)),
};

/** Short enough to type, long enough to be one of those in the list: what `forge audit show` takes. */
function shortNames(accesses: readonly JournalAccess[]): (id: string | undefined) => string | undefined {
  const ids = new Set(accesses.flatMap(({ id, grant }) => [id, grant]).filter((id) => id !== undefined));
  const sessions = [...ids].filter(isSessionId);
  // Counted, not compared in pairs: there are thousands.
  const ends = [4, 6, 8].map((length) => {
    const counts = new Map<string, number>();
    for (const id of sessions) counts.set(endOf(id, length), (counts.get(endOf(id, length)) ?? 0) + 1);
    return { length, counts };
  });
  return (id) => {
    if (id === undefined || !isSessionId(id)) return id?.slice(0, 8);
    const alone = ends.find(({ length, counts }) => counts.get(endOf(id, length)) === 1);
    return alone === undefined ? id : endOf(id, alone.length);
  };
}

/** As short ids are typed: `bg-7f3k`. */
const endOf = (id: string, length: number): string => `${id.slice(0, 3)}${id.slice(-length)}`.toLowerCase();

function jsonOf(access: JournalAccess): object {
  return Object.fromEntries(fields.map((name) => [name, access[name] ?? null]));
}

const fields = [
  'at',
  'id',
  'person',
  'what',
  'environment',
  'target',
  'program',
  'write',
  'reason',
  'grant',
  'outcome',
  'code',
  'milliseconds',
  'statements',
] as const satisfies readonly (keyof JournalAccess)[];
