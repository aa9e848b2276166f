import type { LoggedOutcome, LoggedStatement } from '../../audit/logged-statements.ts';
import type { Style } from '../../terminal/style.ts';

/** One entry of the query log: when, how long, how many rows, what became of it; then the text, as it was typed. */
export function statementText(logged: LoggedStatement, style: Style): string {
  const { at, connection, application, outcome, sql, length, values } = logged;
  const facts = [
    style.dim(timeText(at)),
    style.plain(outcome === undefined ? '' : millisecondsText(outcome.milliseconds)),
    stateText(logged, style),
    style.dim([`#${connection ?? '?'}`, application].filter(Boolean).join(' ')),
  ];
  const cut =
    length === undefined
      ? []
      : [style.caution(`… ${length - sql.length} of ${length} characters are not in the record`)];
  return [
    facts.filter((fact) => fact !== '').join('  '),
    ...sql.split('\n').map((line) => `    ${style.plain(line)}`),
    ...cut.map((line) => `    ${line}`),
    ...values.map((value, index) => `    ${style.dim(`$${index + 1} =`)} ${style.plain(valueText(value))}`),
  ].join('\n');
}

const ends: Readonly<Record<string, string>> = {
  suspended: 'there were more rows',
  skipped: 'not run, for an error before it',
  unused: 'prepared and not run',
  lost: 'unknown: the connection ended',
};

function stateText({ outcome, transaction, kind }: LoggedStatement, style: Style): string {
  if (outcome === undefined) return style.caution('unknown: the connection ended');
  const { end, sqlState } = outcome;
  const change = outcome.transaction === transaction ? '' : ` (transaction: ${outcome.transaction ?? '?'})`;
  if (end === 'failed') return style.danger(`failed ${sqlState ?? ''}${change}`);
  if (end === 'refused') return style.danger(`refused by forge ${sqlState ?? ''}`);
  if (end === 'lost') return style.caution(ends.lost ?? '');
  const said = end === 'done' ? (kind === 'prepare' ? 'prepared' : doneText(outcome)) : (ends[end] ?? end);
  return style.plain(`${said}${change}`);
}

function doneText({ tags, rows }: LoggedOutcome): string {
  const count = `${rows} ${rows === 1 ? 'row' : 'rows'}`;
  if (tags === undefined) return 'done';
  // SELECT 5 says how many rows; BEGIN has none.
  return /\d$/.test(tags) ? `${tags.replace(/ \d+$/, '')}, ${count}` : tags;
}

function valueText(value: unknown): string {
  if (value === null) return 'NULL';
  if (typeof value === 'string') return `'${value.replaceAll("'", "''")}'`;
  if (typeof value !== 'object') return String(value);
  const facts = value as Readonly<Record<string, unknown>>;
  if (facts.masked === true) return '*** (masked)';
  if (facts.unread === true) return '(too large to be recorded)';
  if (typeof facts.cut === 'string')
    return `'${facts.cut}' … (${String(facts.bytes)} bytes in all${hashText(facts.sha256)})`;
  if (typeof facts.more === 'number') return `… and ${facts.more} more`;
  return JSON.stringify(value);
}

const hashText = (sha256: unknown): string => (typeof sha256 === 'string' ? `, SHA-256 ${sha256}` : '');

function millisecondsText(milliseconds: number): string {
  if (milliseconds < 10) return `${milliseconds.toFixed(1)} ms`;
  return milliseconds < 10_000 ? `${Math.round(milliseconds)} ms` : `${(milliseconds / 1000).toFixed(1)} s`;
}

/** UTC to the millisecond: statements follow each other fast. What is no time stays as it is. */
function timeText(at: string): string {
  const time = Date.parse(at);
  return Number.isNaN(time) ? at : new Date(time).toISOString().replace('T', ' ');
}
