/**
 * Finds where statements end, as PostgreSQL's lexer sees it: `;` counts only outside of quotes, comments,
 * parentheses and the BEGIN ATOMIC … END of a function. Works on pieces: the state at the end of one piece, which
 * must end with a whole line, is the start of the next.
 * https://www.postgresql.org/docs/current/sql-syntax-lexical.html
 */
export interface ScanState {
  readonly mode: Mode;
  /** Of open parentheses outside of quotes. */
  readonly parentheses: number;
  /** First words of the statement in lower case: enough to know a CREATE FUNCTION. */
  readonly words: readonly string[];
  /** Open BEGIN and CASE within a function's body. */
  readonly blocks: number;
  /** Nothing but white space and comments so far. */
  readonly blank: boolean;
}

export type Mode =
  | { readonly kind: 'plain' }
  | { readonly kind: 'quote'; readonly escapes: boolean }
  /** After E'…': white space with a line end and another quote continues the same string. */
  | { readonly kind: 'quote-gap'; readonly lineEnd: boolean }
  | { readonly kind: 'identifier' }
  | { readonly kind: 'dollar'; readonly tag: string }
  | { readonly kind: 'comment'; readonly depth: number };

export interface ScanStop {
  /** `semicolon` and `backslash` are outside of everything quoted; `end` is the end of the text. */
  readonly at: 'semicolon' | 'backslash' | 'end';
  /** Of the character that stopped it. */
  readonly index: number;
  readonly state: ScanState;
}

export const startOfStatement: ScanState = {
  mode: { kind: 'plain' },
  parentheses: 0,
  words: [],
  blocks: 0,
  blank: true,
};

const plain: Mode = { kind: 'plain' };

export function scanSql(text: string, from: number, start: ScanState): ScanStop {
  let { mode, parentheses, words, blocks, blank } = start;
  let index = from;
  const stop = (at: ScanStop['at']): ScanStop => ({
    at,
    index,
    state: { mode, parentheses, words, blocks, blank },
  });
  while (index < text.length) {
    switch (mode.kind) {
      case 'quote': {
        const end = endOfQuote(text, index, mode.escapes);
        if (end === undefined) return finish();
        index = end;
        mode = mode.escapes ? { kind: 'quote-gap', lineEnd: false } : plain;
        continue;
      }
      case 'quote-gap': {
        const character = text[index] ?? '';
        if (/\s/.test(character)) {
          if (character === '\n') mode = { kind: 'quote-gap', lineEnd: true };
          index++;
        } else if (character === "'" && mode.lineEnd) {
          mode = { kind: 'quote', escapes: true };
          index++;
        } else mode = plain;
        continue;
      }
      case 'identifier': {
        const end = text.indexOf('"', index);
        if (end < 0) return finish();
        index = end + 1;
        mode = plain;
        continue;
      }
      case 'dollar': {
        const end = text.indexOf(mode.tag, index);
        if (end < 0) return finish();
        index = end + mode.tag.length;
        mode = plain;
        continue;
      }
      case 'comment': {
        commentMark.lastIndex = index;
        const mark = commentMark.exec(text);
        if (mark === null) return finish();
        index = mark.index + 2;
        const depth: number = mode.depth + (mark[0] === '/*' ? 1 : -1);
        mode = depth === 0 ? plain : { kind: 'comment', depth };
        continue;
      }
      case 'plain':
    }
    token.lastIndex = index;
    const found = token.exec(text)?.[0] ?? text[index] ?? '';
    if (found === ';' && parentheses === 0 && blocks === 0) return stop('semicolon');
    if (found === '\\') return stop('backslash');
    index += found.length;
    if (found.startsWith('--') || /^\s/.test(found)) continue;
    if (found === '/*') {
      mode = { kind: 'comment', depth: 1 };
      continue;
    }
    blank = false;
    if (found === "'") mode = { kind: 'quote', escapes: false };
    else if (found === "e'" || found === "E'") mode = { kind: 'quote', escapes: true };
    else if (found === '"') mode = { kind: 'identifier' };
    else if (found.length > 1 && found.startsWith('$')) mode = { kind: 'dollar', tag: found };
    else if (found === '(') parentheses++;
    else if (found === ')') parentheses = Math.max(0, parentheses - 1);
    else if (wordStart.test(found)) {
      const word = found.toLowerCase();
      if (words.length < 4) words = [...words, word];
      if (parentheses === 0 && definesRoutine(words)) blocks = blocksAfter(word, blocks);
    }
  }
  return stop('end');

  function finish(): ScanStop {
    index = text.length;
    return stop('end');
  }
}

/** How many statements a script has; empty ones (`;;`, comments alone) do not count. */
export function countStatements(text: string): number {
  let count = 0;
  let state = startOfStatement;
  for (let index = 0; ; ) {
    const stop = scanSql(text, index, state);
    index = stop.index + 1;
    // Outside of a shell a backslash is just a character that the server will complain about.
    if (stop.at === 'backslash') {
      state = { ...stop.state, blank: false };
      continue;
    }
    if (!stop.state.blank) count++;
    if (stop.at === 'end') return count;
    state = startOfStatement;
  }
}

/** One token, or a run of characters that mean nothing here. A `$` within a word does not open a quote. */
const token =
  /[eE]'|[\p{L}_\u{80}-\u{10ffff}][\p{L}\p{N}_$\u{80}-\u{10ffff}]*|\$(?:[\p{L}_\u{80}-\u{10ffff}][\p{L}\p{N}_\u{80}-\u{10ffff}]*)?\$|--[^\n\r]*|\/\*|\s+|\d[\p{L}\p{N}_]*|./suy;
const wordStart = /^[\p{L}_\u{80}-\u{10ffff}]/u;
const commentMark = /\/\*|\*\//g;

function endOfQuote(text: string, from: number, escapes: boolean): number | undefined {
  if (!escapes) {
    // A doubled quote closes and opens again, which comes to the same.
    const end = text.indexOf("'", from);
    return end < 0 ? undefined : end + 1;
  }
  for (let index = from; index < text.length; index++) {
    if (text[index] === '\\') index++;
    else if (text[index] === "'") {
      if (text[index + 1] !== "'") return index + 1;
      index++;
    }
  }
  return undefined;
}

function definesRoutine(words: readonly string[]): boolean {
  const [first, second, third, fourth] = words;
  const noun = second === 'or' && third === 'replace' ? fourth : second;
  return first === 'create' && (noun === 'function' || noun === 'procedure');
}

function blocksAfter(word: string, blocks: number): number {
  if (word === 'begin') return blocks + 1;
  if (word === 'case') return blocks > 0 ? blocks + 1 : 0;
  return word === 'end' ? Math.max(0, blocks - 1) : blocks;
}
