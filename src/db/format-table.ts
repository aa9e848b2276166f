import { type CellLine, cellLines } from './cell-lines.ts';
import { type FormatOptions, type ResultFormat, type ResultRow, typeIds } from './result-format.ts';
import { rowWindow } from './row-window.ts';

/**
 * Aligned columns as psql prints them (border 1, ASCII). The widths come from the first rows; a later value that is
 * wider pushes the rest of its own line to the right and nothing else.
 */
export function tableFormat({ header, nullText }: FormatOptions): ResultFormat {
  let columns: readonly Column[] = [];
  let count = 0;
  const cells = (row: ResultRow) => row.map((value) => cellLines(value ?? nullText));
  const window = rowWindow({
    open(rows) {
      const shown = rows.map(cells);
      const widths = columns.map(({ title }, index) =>
        shown.reduce((width, row) => Math.max(width, widest(row[index] ?? [])), header ? widest(title) : 0),
      );
      const head = header ? headLines(columns, widths) : '';
      return {
        head: head + shown.map((row) => rowLines(row, columns, widths)).join(''),
        row: (row) => rowLines(cells(row), columns, widths),
      };
    },
  });
  return {
    manyResults: true,
    begin(fields) {
      columns = fields.map(({ name, type }) => ({ title: cellLines(name), right: rightAligned.has(type) }));
      count = 0;
      return window.begin();
    },
    row(values) {
      count++;
      return window.row(values);
    },
    end: () => `${window.end()}${header ? rowCount(count) : ''}\n`,
    close: () => '',
  };
}

interface Column {
  readonly title: readonly CellLine[];
  readonly right: boolean;
}

const rightAligned: ReadonlySet<number> = new Set([
  typeIds.int2,
  typeIds.int4,
  typeIds.int8,
  typeIds.float4,
  typeIds.float8,
  typeIds.numeric,
  typeIds.oid,
  typeIds.xid,
  typeIds.xid8,
  typeIds.cid,
  typeIds.money,
]);

/** What stands under a result. */
export function rowCount(count: number): string {
  return `(${count} ${count === 1 ? 'row' : 'rows'})\n`;
}

export function widest(lines: readonly CellLine[]): number {
  return lines.reduce((width, line) => Math.max(width, line.width), 0);
}

function headLines(columns: readonly Column[], widths: readonly number[]): string {
  if (columns.length === 0) return '--\n';
  const height = Math.max(...columns.map((column) => column.title.length));
  let text = '';
  for (let number = 0; number < height; number++) {
    text += columns
      .map(({ title }, index) => {
        const line = title[number];
        const space = (widths[index] ?? 0) - (line?.width ?? 0);
        const left = ' '.repeat(Math.floor(space / 2));
        const right = ' '.repeat(Math.ceil(space / 2));
        return ` ${left}${line?.text ?? ''}${right}${number < title.length - 1 ? '+' : ' '}`;
      })
      .join('|');
    text += '\n';
  }
  return `${text}${widths.map((width) => '-'.repeat(width + 2)).join('+')}\n`;
}

function rowLines(
  cells: readonly (readonly CellLine[])[],
  columns: readonly Column[],
  widths: readonly number[],
): string {
  if (cells.length === 0) return '';
  const last = cells.length - 1;
  const height = cells.reduce((lines, cell) => Math.max(lines, cell.length), 1);
  let text = '';
  for (let number = 0; number < height; number++) {
    for (let index = 0; index <= last; index++) {
      const cell = cells[index] ?? [];
      const line = cell[number];
      const more = number < cell.length - 1;
      const padding = ' '.repeat(Math.max(0, (widths[index] ?? 0) - (line?.width ?? 0)));
      text += index === 0 ? ' ' : '| ';
      if (line === undefined) text += index < last ? padding : '';
      else if (columns[index]?.right) text += padding + line.text;
      else text += line.text + (index < last || more ? padding : '');
      text += more ? '+' : index < last ? ' ' : '';
    }
    text += '\n';
  }
  return text;
}
