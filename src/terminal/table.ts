import { escapeLine } from '../lib/escape-for-terminal.ts';
import { cutToWidth, displayWidth } from './display-width.ts';
import type { Style } from './style.ts';

export interface Column<Row> {
  readonly title: string;
  readonly value: (row: Row) => string | number | undefined;
  readonly align?: 'right';
  readonly tone?: (row: Row) => 'good' | 'caution' | 'danger' | 'dim' | 'bold' | undefined;
  /** Left out where the terminal is too narrow for all, the last such column first. */
  readonly minor?: true;
}

const gap = 2;
/** Cells are cut this far before a minor column goes; and this far when none is left to go. */
const comfortable = 16;
const least = 6;

/**
 * Aligned columns with a head, without lines, as kubectl and gh print them. No rows: the empty text. On a terminal that
 * is narrower, minor columns go and the widest others are cut; the first never is, it is what people type. In a pipe
 * every cell is whole.
 */
export function renderTable<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  style: Style,
): string {
  if (rows.length === 0) return '';
  const all = columns.map((column) => {
    const cells = rows.map((row) => escapeLine(String(column.value(row) ?? '')));
    const width = cells.reduce((most, cell) => Math.max(most, displayWidth(cell)), column.title.length);
    return { column, cells, width };
  });
  const shown = narrowed(all, style.width ?? Number.POSITIVE_INFINITY);
  const line = (texts: readonly string[], decorate: (text: string, index: number) => string) =>
    texts
      .map((text, index) => {
        const width = shown[index]?.width ?? 0;
        const cell = cutToWidth(text, width);
        const padding = ' '.repeat(Math.max(0, width - displayWidth(cell)));
        if (shown[index]?.column.align === 'right') return padding + decorate(cell, index);
        return decorate(cell, index) + (index === texts.length - 1 ? '' : padding);
      })
      .join(' '.repeat(gap))
      .trimEnd();
  const head = line(
    shown.map(({ column }) => column.title),
    (text) => style.dim(text),
  );
  const body = rows.map((row, number) =>
    line(
      shown.map(({ cells }) => cells[number] ?? ''),
      (text, index) => {
        const tone = shown[index]?.column.tone?.(row);
        return tone ? style[tone](text) : text;
      },
    ),
  );
  const gone = all.filter(({ column }) => !shown.some((kept) => kept.column === column));
  const note =
    gone.length === 0
      ? []
      : [
          style.dim(
            cutToWidth(`without ${gone.map(({ column }) => column.title).join(', ')}`, style.width ?? 80),
          ),
        ];
  return [head, ...body, ...note].join('\n');
}

interface Fitted {
  readonly column: { readonly minor?: true };
  readonly width: number;
}

function narrowed<Cells extends Fitted>(all: readonly Cells[], room: number): readonly Cells[] {
  let kept = all;
  for (;;) {
    if (total(kept) <= room) return kept;
    const last = kept.findLast(({ column }, index) => index > 0 && column.minor === true);
    const cut = cutWidest(kept, room, last === undefined ? least : comfortable);
    if (last === undefined || total(cut) <= room) return cut;
    kept = kept.filter((cells) => cells !== last);
  }
}

/** The widest columns but the first give way until the rest fits, none below `floor`. */
function cutWidest<Cells extends Fitted>(all: readonly Cells[], room: number, floor: number): Cells[] {
  const limited = (limit: number) =>
    all.map((cells, index) => (index === 0 ? cells : { ...cells, width: Math.min(cells.width, limit) }));
  let limit = Math.max(floor, ...all.slice(1).map(({ width }) => width));
  while (limit > floor && total(limited(limit)) > room) limit--;
  return limited(limit);
}

function total(cells: readonly Fitted[]): number {
  return cells.reduce((sum, { width }) => sum + width, 0) + gap * (cells.length - 1);
}
