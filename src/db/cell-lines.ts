import { escapeForTerminal } from '../lib/escape-for-terminal.ts';
import { displayWidth } from '../terminal/display-width.ts';

/** One printed line of a cell, and the terminal columns it takes. */
export interface CellLine {
  readonly text: string;
  readonly width: number;
}

/**
 * A value as lines that are safe to print: line feeds make new lines, tabs go to the next stop of eight as psql
 * draws them, everything else that a terminal would obey is escaped.
 */
export function cellLines(value: string): readonly CellLine[] {
  if (printable.test(value)) return [{ text: value, width: value.length }];
  return value.split('\n').map((line) => {
    const text = escapeForTerminal(expandTabs(line.replaceAll('\r', '\\r')));
    return { text, width: displayWidth(text) };
  });
}

function expandTabs(line: string): string {
  const [first = '', ...rest] = line.split('\t');
  return rest.reduce((text, part) => text + ' '.repeat(8 - (displayWidth(text) % 8)) + part, first);
}

const printable = /^[\x20-\x7e]*$/;
