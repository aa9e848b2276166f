import { type CellLine, cellLines } from './cell-lines.ts';
import { rowCount, widest } from './format-table.ts';
import type { FormatOptions, ResultFormat, ResultRow } from './result-format.ts';
import { rowWindow } from './row-window.ts';

/** One line a value, one block a row: psql's `\x`, for rows that are too wide for the terminal. */
export function expandedFormat({ header, nullText }: FormatOptions): ResultFormat {
  let titles: readonly (readonly CellLine[])[] = [];
  let titleWidth = 0;
  let count = 0;
  const block = (row: ResultRow, width: number) => {
    count++;
    if (row.length === 0) return '';
    const ruler = `${'-'.repeat(titleWidth)}-+-${'-'.repeat(width)}`;
    const head = `-[ RECORD ${count} ]`;
    const separator = count === 1 ? '' : '\n';
    let text = header ? `${head}${ruler.slice(head.length)}\n` : separator;
    for (let index = 0; index < row.length; index++) {
      text += valueLines(titles[index] ?? [], cellLines(row[index] ?? nullText), width);
    }
    return text;
  };
  const valueLines = (title: readonly CellLine[], value: readonly CellLine[], width: number) => {
    let text = '';
    for (let number = 0; number < Math.max(title.length, value.length); number++) {
      const name = title[number];
      const line = value[number];
      const nameMark = number < title.length - 1 ? '+' : ' ';
      text += `${name?.text ?? ''}${' '.repeat(titleWidth - (name?.width ?? 0))}${nameMark}|`;
      if (line !== undefined) {
        const more = number < value.length - 1;
        text += ` ${line.text}${more ? `${' '.repeat(Math.max(0, width - line.width))}+` : ''}`;
      }
      text += '\n';
    }
    return text;
  };
  const window = rowWindow({
    open(rows) {
      const width = rows.reduce(
        (most, row) =>
          row.reduce((found, value) => Math.max(found, widest(cellLines(value ?? nullText))), most),
        0,
      );
      return {
        head: rows.map((row) => block(row, width)).join(''),
        row: (row) => block(row, width),
      };
    },
  });
  return {
    manyResults: true,
    begin(fields) {
      titles = fields.map(({ name }) => cellLines(name));
      titleWidth = titles.reduce((width, title) => Math.max(width, widest(title)), 0);
      count = 0;
      return window.begin();
    },
    row: (values) => window.row(values),
    end() {
      const text = window.end();
      const nothingShown = count === 0 || titles.length === 0;
      return `${text}${header && nothingShown ? rowCount(count) : ''}\n`;
    },
    close: () => '',
  };
}
