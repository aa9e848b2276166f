import type { FormatOptions, ResultFormat, ResultRow } from './result-format.ts';

/**
 * RFC 4180 as `psql --csv` writes it: a head line, line feeds, quotes only where needed. NULL is the null text,
 * by default nothing; like psql's, it can't be told from an empty string unless --null says how.
 */
export function csvFormat({ header, nullText }: FormatOptions): ResultFormat {
  const line = (values: ResultRow) => {
    let text = '';
    for (let index = 0; index < values.length; index++) {
      if (index > 0) text += ',';
      text += csvField(values[index] ?? nullText);
    }
    return `${text}\n`;
  };
  return {
    manyResults: false,
    begin: (columns) => (header ? line(columns.map((column) => column.name)) : ''),
    // Rows without columns are no lines: an empty line would be a row with one empty field.
    row: (values) => (values.length === 0 ? '' : line(values)),
    end: () => '',
    close: () => '',
  };
}

/** A field that is `\.` alone would end a COPY that reads the file back. */
function csvField(value: string): string {
  return special.test(value) || value === '\\.' ? `"${value.replaceAll('"', '""')}"` : value;
}

const special = /[",\r\n]/;
