/** A piece of SQL text, as PostgreSQL's lexer cuts it. https://www.postgresql.org/docs/current/sql-syntax-lexical.html */
export interface SqlPiece {
  /** `string`: any constant in quotes or dollars. `name`: in double quotes. `word`: keywords, names, numbers. */
  readonly kind: 'string' | 'name' | 'word' | 'comment' | 'space' | 'other';
  readonly text: string;
}

/** Undefined when something that was opened is not closed: then nobody knows what is what. */
export function sqlPieces(sql: string): SqlPiece[] | undefined {
  const pieces: SqlPiece[] = [];
  for (let offset = 0; offset < sql.length; ) {
    const kind = kindAt(sql, offset);
    const end = endOf(sql, offset, kind);
    if (end === undefined) return undefined;
    pieces.push({ kind, text: sql.slice(offset, end) });
    offset = end;
  }
  return pieces;
}

const starts: readonly (readonly [SqlPiece['kind'], RegExp])[] = [
  ['space', /\s+/y],
  ['comment', /--|\/\*/y],
  ['string', /(?:[eEbBxXnN]|[uU]&)?'/y],
  ['name', /(?:[uU]&)?"/y],
  ['string', /\$(?:[\p{L}_][\p{L}\p{N}_]*)?\$/uy],
  ['word', /[\p{L}\p{N}_\u{80}-\u{10ffff}][\p{L}\p{N}_$.\u{80}-\u{10ffff}]*/uy],
];

function kindAt(sql: string, offset: number): SqlPiece['kind'] {
  for (const [kind, start] of starts) {
    start.lastIndex = offset;
    if (start.test(sql)) return kind;
  }
  return 'other';
}

function endOf(sql: string, offset: number, kind: SqlPiece['kind']): number | undefined {
  switch (kind) {
    case 'comment':
      return sql.startsWith('--', offset) ? match(/[^\n\r]*/y, sql, offset) : endOfComment(sql, offset);
    case 'string':
      if (sql[offset] === '$') return endOfDollars(sql, offset);
      // E'…' has escapes; in the others a doubled quote is one.
      return /e/i.test(sql[offset] ?? '')
        ? match(/e'(?:[^'\\]|\\[\s\S]|'')*'/iy, sql, offset)
        : match(/[^']*'(?:[^']|'')*'/y, sql, offset);
    case 'name':
      return match(/[^"]*"(?:[^"]|"")*"/y, sql, offset);
    case 'space':
      return match(/\s+/y, sql, offset);
    case 'word':
      return match(/[\p{L}\p{N}_$.\u{80}-\u{10ffff}]+/uy, sql, offset);
    default:
      return offset + 1;
  }
}

function match(pattern: RegExp, sql: string, offset: number): number | undefined {
  pattern.lastIndex = offset;
  const found = pattern.exec(sql);
  return found === null ? undefined : offset + found[0].length;
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
