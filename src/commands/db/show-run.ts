import { shortId } from '../../breakglass/protocol/ids.ts';
import type { LoadedRequest } from '../../breakglass/request/load-request.ts';
import type { Context } from '../../context.ts';
import { changedLines } from '../../db/change/changed-rows.ts';
import type { ChangeResult, RanStatement } from '../../db/change/run-change.ts';
import { renderTable } from '../../terminal/table.ts';

/** What a run did: each statement with its line and count, what it returned, and what the server counted besides. */
export function showRun(
  { output }: Pick<Context, 'output'>,
  { id, request }: LoadedRequest,
  { transaction, statements, tables, rows }: ChangeResult,
  outcome: 'committed' | 'dry-run',
): void {
  const short = shortId(id);
  const target = request.change?.target ?? request.environment;
  const counted = `${rows} ${rows === 1 ? 'row' : 'rows'}`;
  const sentence =
    outcome === 'committed'
      ? `${short} is committed on ${target}: ${counted} changed, transaction ${transaction}.`
      : `${short} was rolled back, as a dry run: it would change ${counted} on ${target}.`;
  output.result({
    data: { id, shortId: short, outcome, target, rows, transaction, statements, tables },
    text: (style) =>
      [
        ...statements.flatMap((statement) => [
          style.plain(`line ${statement.line}: ${statement.tag}${silently(statement)}`),
          ...returned(statement, style),
        ]),
        ...changedLines(tables).map((line) => style.dim(`counted by the server: ${style.plain(line)}`)),
        style.bold(sentence),
      ].join('\n'),
  });
}

/** A tag that does not tell how many rows were changed. */
const silently = ({ tag, changed }: RanStatement): string =>
  changed === 0 || / \d+$/.test(tag.replace(/^SELECT.*/, '')) ? '' : `, ${changed} changed`;

function returned(
  { columns, rows, more }: RanStatement,
  style: Parameters<typeof renderTable>[2],
): readonly string[] {
  if (columns === undefined || rows.length === 0) return [];
  const table = renderTable(
    columns.map((title, index) => ({
      title,
      value: (row: readonly (string | null)[]) => row[index] ?? '',
    })),
    rows,
    style,
  );
  return [table, ...(more === 0 ? [] : [`(${more} more rows were returned, and are not kept)`])];
}
