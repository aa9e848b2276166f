import type { ResultRow } from './result-format.ts';

/** How a format draws once it has seen enough rows to know its widths. */
interface Drawing {
  /** Everything before the rows, and the rows held back. */
  readonly head: string;
  readonly row: (row: ResultRow) => string;
}

/**
 * Holds a result's first rows back so that column widths can be taken from them, then lets rows through one by one.
 * Aligned output of any length so needs the memory of a thousand rows.
 */
export function rowWindow({ open }: { open: (rows: readonly ResultRow[]) => Drawing }) {
  let held: ResultRow[] = [];
  let characters = 0;
  let drawing: Drawing | undefined;
  const draw = () => {
    drawing = open(held);
    held = [];
    return drawing.head;
  };
  return {
    begin(): string {
      held = [];
      characters = 0;
      drawing = undefined;
      return '';
    },
    row(row: ResultRow): string {
      if (drawing !== undefined) return drawing.row(row);
      held.push(row);
      for (const value of row) characters += value?.length ?? 0;
      return held.length >= heldRows || characters >= heldCharacters ? draw() : '';
    },
    end(): string {
      return drawing === undefined ? draw() : '';
    },
  };
}

const heldRows = 1_000;
const heldCharacters = 4 * 1024 * 1024;
