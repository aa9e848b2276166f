import { withCommands } from '../proxy/commands-in.ts';
import type { MaskedSql, MaskSql } from '../proxy/mask-passwords.ts';
import { hasBackslash, type SqlPiece, sqlPieces } from '../proxy/sql-pieces.ts';

/** `column`, `table.column`; each part with `*` for anything, upper and lower case alike. */
interface ColumnPattern {
  readonly table: RegExp | undefined;
  readonly column: RegExp;
  /** In a constant that holds SQL or JSON. */
  readonly within: RegExp;
}

const mask = "'***'";

/**
 * Hides the constants and values of statements that name a masked column. Which of them goes into it only the server
 * knows for sure (expressions, triggers, functions), so all are hidden but those that are plainly of another column:
 * `where id = 42`. Undefined: nothing is configured.
 */
export function columnMask(patterns: readonly string[]): MaskSql | undefined {
  if (patterns.length === 0) return undefined;
  const parsed = patterns.map(parsePattern);
  return (sql, standardStrings) => maskColumns(parsed, sql, standardStrings);
}

function maskColumns(
  patterns: readonly ColumnPattern[],
  sql: string,
  standardStrings: boolean | undefined,
): MaskedSql {
  const pieces = sqlPieces(sql, standardStrings);
  if (pieces === undefined) {
    const masked = `/* *** ${sql.length} characters that forge can't cut into constants */`;
    return { sql: withCommands(masked, sql), secret: true };
  }
  const said = pieces.filter(({ kind }) => kind !== 'space' && kind !== 'comment');
  const names = said.flatMap(namesOf);
  const concerned = patterns.filter(
    ({ table }) => table === undefined || names.some((name) => table.test(name)),
  );
  const isMasked = (name: string) => concerned.some(({ column }) => column.test(name));
  const hides =
    names.some(isMasked) ||
    said.some(({ kind, text }) => kind === 'string' && patterns.some(({ within }) => within.test(text))) ||
    (concerned.length > 0 && fillsUnnamed(said)) ||
    /^execute$/i.test(said[0]?.text ?? '');
  if (!hides) return { sql, secret: false };
  const plain = new Set(said.filter((_, index) => isOfOther(said, index, isMasked)));
  const parameters = new Set<number>();
  for (const [index, piece] of said.entries())
    if (isParameter(said, index) && !plain.has(piece)) parameters.add(Number(piece.text));
  const numbers = new Set(said.filter((_, index) => isParameter(said, index)));
  const text = pieces.map((piece) => {
    if (piece.kind === 'comment') return '/* *** */';
    return isConstant(piece) && !numbers.has(piece) && !plain.has(piece) ? mask : piece.text;
  });
  const shown = text.join('');
  const from = pieces.findIndex(hasBackslash);
  const rest = pieces.slice(from).map((piece) => piece.text);
  return { sql: from < 0 ? shown : withCommands(shown, rest.join('')), secret: false, parameters };
}

function parsePattern(pattern: string): ColumnPattern {
  const parts = pattern.split('.');
  const column = parts.at(-1) ?? '';
  const table = parts.at(-2);
  const literal = (text: string) => text.replaceAll(/[\\^$.|?+()[\]{}]/g, '\\$&');
  const source = (glob: string) => literal(glob).replaceAll('*', '[^.]*');
  const exact = (glob: string) => new RegExp(`^${source(glob)}$`, 'iu');
  const word = (table !== undefined && /^\*+$/.test(column) ? table : column).replaceAll('*', '');
  return {
    table: table === undefined ? undefined : exact(table),
    column: exact(column),
    within: new RegExp(literal(word), 'iu'),
  };
}

/** Of `a.b` both; of `"A b"` what stands between the quotes. */
function namesOf({ kind, text }: SqlPiece): readonly string[] {
  if (kind === 'word') return text.split('.').filter((name) => name !== '' && !/^\d/.test(name));
  return kind === 'name' ? [text.replace(/^(?:u&)?"|"$/gi, '').replaceAll('""', '"')] : [];
}

function isConstant({ kind, text }: SqlPiece): boolean {
  return kind === 'string' || (kind === 'word' && /^(?:\d|true$|false$)/i.test(text));
}

/** `$1` is cut into `$` and `1`. */
function isParameter(said: readonly SqlPiece[], index: number): boolean {
  return said[index - 1]?.text === '$' && /^\d+$/.test(said[index]?.text ?? '');
}

/** An INSERT that leaves out its columns, or takes them from elsewhere. */
function fillsUnnamed(said: readonly SqlPiece[]): boolean {
  return said.some(({ text }, index) => {
    if (!/^insert$/i.test(text)) return false;
    const rest = said.slice(index + 1);
    const list = rest.findIndex(({ text: one }) => one === '(');
    const query = rest.findIndex(({ text: one }) => /^(?:values|select|with|table|default)$/i.test(one));
    return query >= 0 && (list < 0 || query <= list + 1);
  });
}

const before = /^(?:where|and|or|set|on|having|,|\()$/i;
const behind = /^(?:and|or|where|returning|from|limit|offset|order|group|having|union|for|,|\)|;)$/i;

/** Stands alone in a comparison with, or an assignment to, a column that is not masked. */
function isOfOther(said: readonly SqlPiece[], index: number, isMasked: (name: string) => boolean): boolean {
  const last = said[index];
  if (last === undefined) return false;
  const first = isParameter(said, index) ? index - 1 : index;
  if (first === index && !isConstant(last)) return false;
  const next = said[index + 1];
  if (next !== undefined && !behind.test(next.text)) return false;
  let at = first - 1;
  if (!/^[=<>]$/.test(said[at]?.text ?? '')) return false;
  while (/^[=<>!]$/.test(said[at]?.text ?? '')) at--;
  const column = said[at];
  if (column === undefined || !before.test(said[at - 1]?.text ?? '')) return false;
  const names = namesOf(column);
  return names.length > 0 && !names.some(isMasked);
}
