/**
 * A SELECT that works on the rows which an UPDATE or DELETE would change, for an EXPLAIN by a role that may only read;
 * undefined: it is something else. Only ever for an estimate: whatever it gets wrong changes no row, and runs nothing.
 */
export function sameRows(sql: string): string | undefined {
  const shape = masked(sql);
  const start = /^\s*(?:(delete)\s+from|update)\s/i.exec(shape);
  if (start === null) return undefined;
  const deletes = start[1] !== undefined;
  const end = find(shape, /\breturning\b/i, start[0].length) ?? sql.length;
  const where = find(shape, /\bwhere\b/i, start[0].length) ?? end;
  const list = deletes ? /\busing\b/i : /(?<!\bdistinct\s+)\bfrom\b/i;
  const set = deletes ? start[0].length : find(shape, /\bset\b/i, start[0].length);
  if (set === undefined || where > end) return undefined;
  const from = find(shape, list, set);
  const more = from !== undefined && from < where ? from : undefined;
  const relation = sql.slice(start[0].length, deletes ? (more ?? where) : set).trim();
  const others = more === undefined ? '' : `, ${sql.slice(more, where).replace(/^\w+/, '').trim()}`;
  return `select 1 from ${relation}${others} ${sql.slice(where, end)}`.trim();
}

function find(shape: string, word: RegExp, from: number): number | undefined {
  const found = shape.slice(from).search(word);
  return found < 0 ? undefined : from + found;
}

/** The same length, with blanks for what is quoted, a comment, or within parentheses. */
function masked(sql: string): string {
  const quoted = /'(?:[^']|'')*'|"(?:[^"]|"")*"|\$([A-Za-z_]\w*)?\$[\s\S]*?\$\1\$|--[^\n]*|\/\*[\s\S]*?\*\//g;
  const plain = sql.replace(quoted, (part) => '_'.repeat(part.length));
  let depth = 0;
  return plain.replace(/[\s\S]/g, (character) => {
    if (character === '(') depth++;
    const inside = depth > 0;
    if (character === ')') depth--;
    return inside ? '_' : character;
  });
}
