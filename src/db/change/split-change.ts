import { scanSql, startOfStatement } from '../scan-sql.ts';

/** One statement of a change: a piece of its text as it stands there. */
export interface ChangeStatement {
  readonly sql: string;
  /** Where it begins in the text, in UTF-16 units. */
  readonly offset: number;
  /** Of its first word, from 1. */
  readonly line: number;
  /** Its first words in lower case, up to four. */
  readonly words: readonly string[];
}

export interface SplitChange {
  readonly statements: readonly ChangeStatement[];
  /** Lines where a backslash stands outside of everything quoted: a command of psql, which no server knows. */
  readonly backslashLines: readonly number[];
}

/**
 * Where a change's statements are. That each is one and no more is not believed but asked: they are sent by the
 * extended protocol, in which the server refuses a text of two.
 */
export function splitChange(text: string): SplitChange {
  const statements: ChangeStatement[] = [];
  const backslashLines: number[] = [];
  let state = startOfStatement;
  let start = 0;
  for (let from = 0; ; ) {
    const stop = scanSql(text, from, state);
    from = stop.index + 1;
    if (stop.at === 'backslash') {
      backslashLines.push(lineOf(text, stop.index));
      state = { ...stop.state, blank: false };
      continue;
    }
    const sql = text.slice(start, stop.index);
    if (!stop.state.blank) {
      const offset = start + (firstWord(sql) ?? 0);
      statements.push({
        sql: text.slice(offset, stop.index),
        offset,
        line: lineOf(text, offset),
        words: stop.state.words,
      });
    }
    if (stop.at === 'end') return { statements, backslashLines };
    start = from;
    state = startOfStatement;
  }
}

const lineOf = (text: string, index: number): number => text.slice(0, index).split('\n').length;

/** Behind blanks and comments. */
function firstWord(sql: string): number | undefined {
  for (let at = 0; at < sql.length; ) {
    const space = /\s*/y;
    space.lastIndex = at;
    at += space.exec(sql)?.[0].length ?? 0;
    if (sql.startsWith('--', at)) {
      const end = /[\r\n]|$/g;
      end.lastIndex = at;
      at = end.exec(sql)?.index ?? sql.length;
    } else if (sql.startsWith('/*', at)) at = endOfComment(sql, at);
    else return at;
  }
  return undefined;
}

/** Comments nest. */
function endOfComment(sql: string, from: number): number {
  const mark = /\/\*|\*\//g;
  mark.lastIndex = from;
  for (let depth = 0, found = mark.exec(sql); found !== null; found = mark.exec(sql)) {
    depth += found[0] === '/*' ? 1 : -1;
    if (depth === 0) return found.index + 2;
  }
  return sql.length;
}
