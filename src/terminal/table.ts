import { escapeLine } from '../lib/escape-for-terminal.ts';
import type { Style } from './style.ts';

export interface Column<Row> {
  readonly title: string;
  readonly value: (row: Row) => string | number | undefined;
  readonly align?: 'right';
  readonly tone?: (row: Row) => 'good' | 'caution' | 'danger' | 'dim' | 'bold' | undefined;
}

/** Aligned columns with a head, without lines, as kubectl and gh print them. No rows: the empty text. */
export function renderTable<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  style: Style,
): string {
  if (rows.length === 0) return '';
  const texts = rows.map((row) => columns.map((column) => escapeLine(String(column.value(row) ?? ''))));
  const widths = columns.map((column, index) =>
    texts.reduce((width, cells) => Math.max(width, displayWidth(cells[index] ?? '')), column.title.length),
  );
  const line = (cells: readonly string[], decorate: (text: string, column: number) => string) =>
    cells
      .map((cell, index) => {
        const padding = ' '.repeat(Math.max(0, (widths[index] ?? 0) - displayWidth(cell)));
        const shown = decorate(cell, index);
        if (columns[index]?.align === 'right') return padding + shown;
        return index === cells.length - 1 ? shown : shown + padding;
      })
      .join('  ')
      .trimEnd();
  const head = line(
    columns.map((column) => column.title),
    (text) => style.dim(text),
  );
  const body = rows.map((row, rowIndex) =>
    line(texts[rowIndex] ?? [], (text, index) => {
      const tone = columns[index]?.tone?.(row);
      return tone ? style[tone](text) : text;
    }),
  );
  return [head, ...body].join('\n');
}

/** Columns a text takes on a terminal: combining marks take none, East Asian wide characters and emoji two. */
export function displayWidth(text: string): number {
  if (/^[\x20-\x7e]*$/.test(text)) return text.length;
  let width = 0;
  for (const { segment } of new Intl.Segmenter().segment(text)) width += wide.test(segment) ? 2 : 1;
  return width;
}

const wide =
  /\p{Emoji_Presentation}|[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}]/u;
