import { openStream } from '../../audit/stream-file.ts';
import type { RequestId } from '../../breakglass/protocol/ids.ts';
import type { Host } from '../../host.ts';
import { redact } from '../../lib/secret.ts';
import type { ChangeResult } from './run-change.ts';

const longestField = 20_000;
const longestRow = 30_000;

/**
 * What the statements did and returned, in a stream of the session: evidence, on the disk before COMMIT. Rejects when it
 * can't be, and then nothing is committed.
 */
export async function recordResult(
  host: Pick<Host, 'directories' | 'platform' | 'userId'>,
  id: RequestId,
  run: string,
  result: ChangeResult,
): Promise<{ readonly file: string; readonly sha256: string }> {
  const file = `change-${run}.jsonl`;
  await using stream = await openStream(host, { session: id, name: file });
  await stream.append(linesOf(result).map((line) => redact(JSON.stringify(line))));
  const { sha256 } = await stream.close();
  return { file, sha256 };
}

function linesOf({ transaction, statements, tables, rows }: ChangeResult): readonly object[] {
  return [
    { type: 'change', v: 1, transaction, statements: statements.length, rows },
    ...statements.flatMap(({ line, tag, changed, columns, rows: returned, more }, index) => [
      { type: 'statement', number: index + 1, line, tag, changed, columns: columns?.map(shown), more },
      ...returned.map((values) => ({ type: 'row', number: index + 1, values: shownRow(values) })),
    ]),
    ...tables.map((table) => ({ ...table, type: 'table', table: shown(table.table) })),
  ];
}

function shownRow(values: readonly (string | null)[]): readonly (string | null)[] {
  let left = longestRow;
  return values.map((value) => {
    if (value === null) return null;
    const part = shown(value, Math.min(longestField, Math.max(0, left)));
    left -= part.length;
    return part;
  });
}

const shown = (text: string, most = longestField): string =>
  text.length > most ? `${text.slice(0, most)}…` : text;
