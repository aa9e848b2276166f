import type { Change } from '../../breakglass/protocol/change.ts';
import { changePlanLength } from '../../breakglass/protocol/change.ts';
import { cleanLine } from '../../breakglass/protocol/document-parts.ts';
import { ForgeError } from '../../errors.ts';
import { isStatementError } from '../extended-wire.ts';
import type { QuerySession } from '../run-query.ts';
import { runOneStatement } from './one-statement.ts';
import { sameRows } from './same-rows.ts';
import { type ChangeStatement, splitChange } from './split-change.ts';

const explainable = /^(?:select|insert|update|delete|merge|with|values)$/;
/** Of a text with hundreds of statements the first say enough. */
const mostExplained = 50;

/**
 * What the server makes of it, statement by statement, without running any: in a session that can only read. Undefined:
 * there is nothing to explain. A role that only reads may not explain what writes; that is said in its place.
 */
export async function explainChange({ client }: QuerySession, text: string): Promise<Change['plan']> {
  const lines: string[] = [];
  let rows: number | undefined = 0;
  const statements = splitChange(text).statements;
  for (const [index, statement] of statements.entries()) {
    if (!explainable.test(statement.words[0] ?? '')) continue;
    if (index >= mostExplained) {
      lines.push(`-- ${statements.length - index} more statements are not explained`);
      rows = undefined;
      break;
    }
    const explained = await explainOne(client, statement);
    lines.push(`-- line ${statement.line}`, ...explained.lines);
    if (statement.words[0] === 'select' || statement.words[0] === 'values') continue;
    rows = rows === undefined || explained.rows === undefined ? undefined : rows + explained.rows;
  }
  if (lines.length === 0) return undefined;
  const whole = lines.map((line) => cleanLine(line, 2_000) ?? '').join('\n');
  const cut = '\n-- cut here';
  const said = whole.length > changePlanLength ? `${whole.slice(0, changePlanLength - 20)}${cut}` : whole;
  return rows === undefined ? { text: said } : { text: said, rows };
}

interface Explained {
  readonly lines: readonly string[];
  readonly rows: number | undefined;
}

/** Who only reads may not EXPLAIN what writes: then the rows that it would work on, by the same conditions. */
async function explainOne(client: QuerySession['client'], { sql }: ChangeStatement): Promise<Explained> {
  const own = await tryExplain(client, sql);
  if (typeof own !== 'string') return own;
  const reading = sameRows(sql);
  const found = reading === undefined ? own : await tryExplain(client, reading);
  if (typeof found === 'string') return { lines: [`-- not explained: ${found}`], rows: undefined };
  return { ...found, lines: ['-- of a SELECT with the same conditions:', ...found.lines] };
}

/** Or why the server does not. */
async function tryExplain(client: QuerySession['client'], sql: string): Promise<Explained | string> {
  try {
    const { rows } = await runOneStatement(client, `explain ${sql}`);
    const lines = rows.flatMap(([line]) => (line == null ? [] : [line]));
    return { lines, rows: estimateOf(lines) };
  } catch (error) {
    if (!isStatementError(error)) throw error;
    return error instanceof Error ? (error.message.split('\n')[0] ?? '') : '';
  }
}

/** Of what writes, the first line says 0 rows: those below it are what it works on. */
export function estimateOf(lines: readonly string[]): number | undefined {
  const writes = /^(?:Insert|Update|Delete|Merge) on /.test(lines[0] ?? '');
  for (const line of writes ? lines.slice(1) : lines) {
    const [, rows] = /\brows=(\d+)/.exec(line) ?? [];
    if (rows !== undefined) return Number(rows);
  }
  return undefined;
}

/** Why nobody could be asked: not worth more than a sentence, since the request stands without it. */
export function whyNotExplained(error: unknown): string {
  if (!(error instanceof ForgeError)) throw error;
  return `There is no EXPLAIN: ${error.message.split('\n')[0]}`;
}
