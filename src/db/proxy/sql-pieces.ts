/** A piece of SQL text, as PostgreSQL's lexer cuts it. https://www.postgresql.org/docs/current/sql-syntax-lexical.html */
export interface SqlPiece {
  /** `string`: any constant in quotes or dollars, with what goes on with it. `name`: in double quotes. `word`: keywords, names, numbers. */
  readonly kind: 'string' | 'name' | 'word' | 'comment' | 'space' | 'other';
  readonly text: string;
}

/**
 * Undefined when something that was opened is not closed: then nobody knows what is what. `standardStrings` is
 * standard_conforming_strings: where it is off, a backslash hides a quote in '…' as it does in E'…'.
 */
export function sqlPieces(sql: string, standardStrings = true): SqlPiece[] | undefined {
  const pieces: SqlPiece[] = [];
  for (let offset = 0; offset < sql.length; ) {
    const kind = kindAt(sql, offset);
    const end = endOf(sql, offset, kind, standardStrings);
    if (end === undefined) return undefined;
    pieces.push({ kind, text: sql.slice(offset, end) });
    offset = end;
  }
  return pieces;
}

/** Where it ends hangs on standard_conforming_strings, which a statement on its way can change. */
export function hasBackslash({ kind, text }: SqlPiece): boolean {
  return kind === 'string' && /^[nN]?'/.test(text) && text.includes('\\');
}

/** To PostgreSQL all beyond ASCII is a letter, spaces too. */
const starts: readonly (readonly [SqlPiece['kind'], RegExp])[] = [
  ['space', /[ \t\n\r\f\v]/y],
  ['comment', /--|\/\*/y],
  ['string', /(?:[eEbBxXnN]|[uU]&)?'/y],
  ['name', /(?:[uU]&)?"/y],
  ['string', /\$(?:[A-Za-z_\u{80}-\u{10ffff}][A-Za-z0-9_\u{80}-\u{10ffff}]*)?\$/uy],
  ['word', /[A-Za-z0-9_\u{80}-\u{10ffff}]/uy],
];

function kindAt(sql: string, offset: number): SqlPiece['kind'] {
  for (const [kind, start] of starts) {
    start.lastIndex = offset;
    if (start.test(sql)) return kind;
  }
  return 'other';
}

function endOf(
  sql: string,
  offset: number,
  kind: SqlPiece['kind'],
  standardStrings: boolean,
): number | undefined {
  switch (kind) {
    case 'comment':
      return sql.startsWith('--', offset) ? match(/[^\n\r]*/y, sql, offset) : endOfComment(sql, offset);
    case 'string': {
      if (sql[offset] === '$') return endOfDollars(sql, offset);
      const escapes = /e/i.test(sql[offset] ?? '') || (!standardStrings && /['n]/i.test(sql[offset] ?? ''));
      return endOfQuotes(sql, sql.indexOf("'", offset), escapes);
    }
    case 'name':
      return endOfName(sql, offset);
    case 'space':
      return match(/[ \t\n\r\f\v]+/y, sql, offset);
    case 'word':
      return match(/[A-Za-z0-9_$.\u{80}-\u{10ffff}]+/uy, sql, offset);
    default:
      return offset + 1;
  }
}

function match(pattern: RegExp, sql: string, offset: number): number | undefined {
  pattern.lastIndex = offset;
  const found = pattern.exec(sql);
  return found === null ? undefined : offset + found[0].length;
}

/** A line feed between two constants makes them one, of the kind of the first: E'a', a line feed, 'b\\'' is one. */
function continuation(sql: string, closed: number): number | undefined {
  let at = match(/[ \t\f\v]*(?:--[^\n\r]*)?[\n\r]/y, sql, closed);
  while (at !== undefined) {
    if (sql[at] === "'") return at + 1;
    at = match(/[ \t\n\r\f\v]+|--[^\n\r]*[\n\r]/y, sql, at);
  }
  return undefined;
}

/** `open`: where its first quote is. A doubled quote is one quote, which needs no rule of its own: it closes and opens. */
function endOfQuotes(sql: string, open: number, escapes: boolean): number | undefined {
  const mark = escapes ? /['\\]/g : /'/g;
  mark.lastIndex = open + 1;
  for (let found = mark.exec(sql); found !== null; found = mark.exec(sql)) {
    const next = mark.lastIndex;
    if (found[0] === '\\') mark.lastIndex = next + 1;
    else {
      const more = sql[next] === "'" ? next + 1 : continuation(sql, next);
      if (more === undefined) return next;
      mark.lastIndex = more;
    }
  }
  return undefined;
}

function endOfName(sql: string, offset: number): number | undefined {
  for (let at = sql.indexOf('"', sql.indexOf('"', offset) + 1); at >= 0; at = sql.indexOf('"', at + 2))
    if (sql[at + 1] !== '"') return at + 1;
  return undefined;
}

function endOfDollars(sql: string, offset: number): number | undefined {
  const tag = sql.slice(offset, sql.indexOf('$', offset + 1) + 1);
  const end = sql.indexOf(tag, offset + tag.length);
  return end < 0 ? undefined : end + tag.length;
}

function endOfComment(sql: string, offset: number): number | undefined {
  const mark = /\/\*|\*\//g;
  mark.lastIndex = offset;
  let depth = 0;
  for (let found = mark.exec(sql); found !== null; found = mark.exec(sql)) {
    depth += found[0] === '/*' ? 1 : -1;
    if (depth === 0) return mark.lastIndex;
  }
  return undefined;
}
