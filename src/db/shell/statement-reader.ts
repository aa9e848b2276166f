import { type ScanState, scanSql, startOfStatement } from '../scan-sql.ts';

/** One thing to do, in the order typed. */
export type ShellInput =
  | { readonly kind: 'statement'; readonly sql: string; readonly expanded: boolean }
  /** A backslash command with everything behind it on its line, e.g. `\d orders`. */
  | { readonly kind: 'command'; readonly text: string };

export interface StatementReader {
  /** Takes one line, without its line feed; answers what it completes. */
  push(line: string): readonly ShellInput[];
  /** What is left when the input ends: a last statement may lack its `;`. */
  finish(): readonly ShellInput[];
  reset(): void;
  /** What psql's prompt shows: `=` ready, `-` more to come, or the quote, comment or parenthesis that is open. */
  readonly mark: string;
  /** The statement typed so far. */
  readonly pending: string;
}

/** Gathers typed lines to statements. Pure: it runs nothing and prints nothing. */
export function createStatementReader(): StatementReader {
  let state: ScanState = startOfStatement;
  let pending = '';
  const take = (expanded = false): ShellInput[] => {
    const sql = pending.trim();
    const blank = state.blank;
    pending = '';
    state = startOfStatement;
    return blank ? [] : [{ kind: 'statement', sql, expanded }];
  };
  return {
    push(line) {
      const text = `${line}\n`;
      const found: ShellInput[] = [];
      for (let index = 0; ; ) {
        const stop = scanSql(text, index, state);
        state = stop.state;
        pending += text.slice(index, stop.index);
        if (stop.at === 'end') break;
        index = stop.index + 1;
        if (stop.at === 'semicolon') {
          pending += ';';
          found.push(...take());
          continue;
        }
        const command = text.slice(stop.index).trimEnd();
        const go = /^\\(gx?)$/.exec(command);
        if (go !== null) found.push(...take(go[1] === 'gx'));
        else {
          found.push({ kind: 'command', text: command });
          pending += '\n';
        }
        break;
      }
      if (state.blank && state.mode.kind === 'plain') pending = '';
      return found;
    },
    finish: () => take(),
    reset() {
      pending = '';
      state = startOfStatement;
    },
    get mark() {
      return markOf(state);
    },
    get pending() {
      return pending;
    },
  };
}

function markOf({ mode, parentheses, blank }: ScanState): string {
  switch (mode.kind) {
    case 'quote':
      return "'";
    case 'identifier':
      return '"';
    case 'dollar':
      return '$';
    case 'comment':
      return '*';
    default:
      return parentheses > 0 ? '(' : blank ? '=' : '-';
  }
}
