import type { Change } from '../../breakglass/protocol/change.ts';
import { escapeForTerminal } from '../../lib/escape-for-terminal.ts';
import { splitChange } from './split-change.ts';

/** The whole text with its line numbers, harmless to a terminal; nothing is left out, however long. */
export function numberedText(text: string): string {
  const lines = text.replace(/\r?\n$/, '').split('\n');
  const width = String(lines.length).length;
  return lines
    .map((line, index) => {
      const shown = escapeForTerminal(line.replace(/\r$/, '').replaceAll('\t', '    '));
      return `${String(index + 1).padStart(width)} │ ${shown}`.trimEnd();
    })
    .join('\n');
}

/** What an approver compares, as title and value, unescaped. */
export function changeFacts(change: Change): readonly (readonly [string, string])[] {
  const { target, server, database, user, expectRows, plan, sha256, text } = change;
  const rows =
    expectRows === undefined ? 'any number: none is expected' : `${expectRows}, or it is rolled back`;
  const estimated = plan?.rows === undefined ? 'not known' : `${plan.rows}, by the requester’s EXPLAIN`;
  const foreign = text.split('\n').flatMap((line, index) => (/[^\p{ASCII}]/u.test(line) ? [index + 1] : []));
  return [
    ['Target', `${target}: ${database} on ${server}, as ${user}`],
    ['Rows', rows],
    ['Estimated', estimated],
    ['Change', `SHA-256 ${sha256}`],
    ...(text.includes('\r') ? [['Lines', 'end with CR LF'] as const] : []),
    // A Cyrillic а looks like a Latin one.
    ...(foreign.length === 0 ? [] : [['Not ASCII', `in line ${listed(foreign)}`] as const]),
  ];
}

function listed(lines: readonly number[]): string {
  return lines.length <= 10
    ? lines.join(', ')
    : `${lines.slice(0, 10).join(', ')} and ${lines.length - 10} more`;
}

/** Text and EXPLAIN as they are shown before a decision, and by `show`. */
export function changeText(change: Change): string {
  const plan =
    change.plan === undefined
      ? 'There is no EXPLAIN: whoever asked could not read this database.'
      : `EXPLAIN, as the requester’s forge had it:\n${escapeForTerminal(change.plan.text)}`;
  return `${numberedText(change.text)}\n\n${plan}\n\n${outline(change.text)}`;
}

/** Last of all, next to the question: what stands above has long scrolled away where there are thousands of lines. */
function outline(text: string): string {
  const lines = new Map<string, number[]>();
  for (const { words, line } of splitChange(text).statements) {
    const kind = escapeForTerminal((words[0] ?? '?').toUpperCase().slice(0, 40));
    lines.set(kind, [...(lines.get(kind) ?? []), line]);
  }
  const kinds = [...lines].map(([kind, at]) => `${at.length} ${kind} (line ${listed(at)})`);
  return `Statements: ${kinds.slice(0, 30).join(', ')}${kinds.length > 30 ? ' and other kinds' : ''}`;
}
