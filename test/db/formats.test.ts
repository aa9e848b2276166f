import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { csvFormat } from '../../src/db/format-csv.ts';
import { expandedFormat } from '../../src/db/format-expanded.ts';
import { jsonFormat, jsonKeys, ndjsonFormat } from '../../src/db/format-json.ts';
import { tableFormat } from '../../src/db/format-table.ts';
import { type ResultFormat, type ResultRow, typeIds } from '../../src/db/result-format.ts';
import { escapeForTerminal, escapeJson } from '../../src/lib/escape-for-terminal.ts';

const text = 25;
const plain = { header: true, nullText: '' };

function render(
  format: ResultFormat,
  columns: readonly [string, number][],
  rows: readonly ResultRow[],
): string {
  let all = format.begin(columns.map(([name, type]) => ({ name, type })));
  for (const row of rows) all += format.row(row);
  return all + format.end() + format.close();
}

describe('csv', () => {
  it('reads back as what was written', () => {
    const cell = fc.oneof(fc.string(), fc.constantFrom(',', '"', '\r\n', '\n', '""', '\\.', ' x ', '🎈'));
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 4 }),
        fc.array(fc.array(cell, { minLength: 4, maxLength: 4 })),
        (width, cells) => {
          const rows = cells.map((row) => row.slice(0, width));
          const columns = rows[0]?.map((_, index): [string, number] => [`c${index}`, text]) ?? [['c', text]];
          const written = render(csvFormat({ header: false, nullText: '' }), columns, rows);
          expect(parseCsv(written)).toEqual(rows);
        },
      ),
    );
  });

  it('has a head, the null text, and quotes what COPY would take for an end', () => {
    const written = render(
      csvFormat({ header: true, nullText: 'NULL' }),
      [
        ['a', text],
        ['b,c', text],
      ],
      [[null, '\\.']],
    );
    expect(written).toBe('a,"b,c"\nNULL,"\\."\n');
  });
});

describe('json', () => {
  it('keeps every digit of numbers, and has strings for what JSON has no number for', () => {
    const columns: [string, number][] = [
      ['big', typeIds.int8],
      ['exact', typeIds.numeric],
      ['float', typeIds.float8],
      ['none', typeIds.float8],
      ['endless', typeIds.numeric],
      ['yes', typeIds.bool],
      ['object', typeIds.json],
      ['binary', typeIds.jsonb],
      ['empty', text],
      ['other', text],
    ];
    const row = [
      '9223372036854775807',
      '0.10',
      '1e+300',
      'NaN',
      '-Infinity',
      't',
      '{"a":\r\n 1}',
      '[1.0]',
      null,
      'x"\n',
    ];
    const expected =
      '{"big":9223372036854775807,"exact":0.10,"float":1e+300,"none":"NaN","endless":"-Infinity","yes":true,' +
      '"object":{"a":  1},"binary":[1.0],"empty":null,"other":"x\\"\\n"}';
    expect(render(ndjsonFormat(), columns, [row])).toBe(`${expected}\n`);
  });

  it('is one document, also without rows or without a result', () => {
    expect(render(jsonFormat(), [['n', typeIds.int4]], [['1'], ['2']])).toBe('[\n{"n":1},\n{"n":2}\n]\n');
    expect(render(jsonFormat(), [['n', typeIds.int4]], [])).toBe('[]\n');
    expect(jsonFormat().close()).toBe('[]\n');
    expect(ndjsonFormat().close()).toBe('');
  });

  it('is not closed when the rows did not all come', () => {
    const format = jsonFormat();
    const cut = format.begin([{ name: 'n', type: typeIds.int4 }]) + format.row(['1']);
    expect(() => JSON.parse(cut)).toThrow();
  });

  it('is valid and loses nothing, whatever the values are, also on a terminal', () => {
    const value = fc.option(fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.json()), { nil: null });
    fc.assert(
      fc.property(fc.array(fc.tuple(value, value)), fc.tuple(fc.string(), fc.string()), (rows, [a, b]) => {
        const columns: [string, number][] = [
          [a, text],
          [`${b}!`, typeIds.numeric],
        ];
        const keys = jsonKeys(columns.map(([name, type]) => ({ name, type })));
        const document = render(jsonFormat(), columns, rows);
        const numbers = (found: unknown) => (typeof found === 'number' ? 'number' : found);
        for (const shown of [document, escapeJson(document)]) {
          const read = JSON.parse(shown) as Record<string, unknown>[];
          expect(read.length).toBe(rows.length);
          for (const [index, row] of rows.entries()) {
            expect(read[index]?.[keys[0] ?? '']).toBe(row[0]);
            const second = numbers(read[index]?.[keys[1] ?? '']);
            if (second !== 'number') expect(second).toBe(row[1]);
          }
        }
        expect(escapeJson(document)).toBe(escapeForTerminal(escapeJson(document)));
      }),
    );
  });

  it('gives every column a key of its own', () => {
    const keys = (...names: string[]) => jsonKeys(names.map((name) => ({ name, type: text })));
    expect(keys('a', 'a', 'b', 'a')).toEqual(['a', 'a_2', 'b', 'a_3']);
    expect(keys('a', 'a', 'a_2')).toEqual(['a', 'a_3', 'a_2']);
    fc.assert(
      fc.property(fc.array(fc.constantFrom('a', 'b', 'a_2', 'a_3', 'a_2_2', '')), (names) => {
        expect(new Set(keys(...names)).size).toBe(names.length);
      }),
    );
  });
});

describe('table', () => {
  it('lets nothing through that a terminal would obey', () => {
    const columns: [string, number][] = [
      ['\x1b[2Jname', text],
      ['n', typeIds.int4],
    ];
    const cell = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('\x1b]0;x\x07', '\u009b31m', '\u202eabc', '\r', '\n', '\t'),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(cell, cell)), (rows) => {
        for (const format of [tableFormat(plain), expandedFormat(plain)]) {
          const shown = render(format, columns, rows);
          expect(shown).toBe(escapeForTerminal(shown));
          expect(shown).not.toContain('\t');
        }
      }),
    );
  });

  it('takes widths from the first thousand rows, then lets rows through one by one', () => {
    const format = tableFormat(plain);
    format.begin([
      { name: 'n', type: text },
      { name: 'm', type: text },
    ]);
    const head: string[] = [];
    for (let index = 1; index <= 1_000; index++) head.push(format.row([String(index), 'x']));
    expect(head.slice(0, -1).join('')).toBe('');
    expect(head.at(-1)?.split('\n')).toHaveLength(1_003);
    expect(format.row(['123456789', 'y'])).toBe(' 123456789 | y\n');
    expect(format.row(['1', 'y'])).toBe(' 1    | y\n');
    expect(format.end()).toBe('(1002 rows)\n\n');
  });

  it('says one row, no rows, and nothing with --no-header', () => {
    expect(render(tableFormat(plain), [['n', typeIds.int4]], [['1']])).toBe(' n \n---\n 1\n(1 row)\n\n');
    expect(render(tableFormat(plain), [['n', typeIds.int4]], [])).toBe(' n \n---\n(0 rows)\n\n');
    expect(render(tableFormat({ header: false, nullText: '-' }), [['n', typeIds.int4]], [[null]])).toBe(
      ' -\n\n',
    );
  });
});

/** RFC 4180, just enough of it to be a judge. */
function parseCsv(document: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  let index = 0;
  while (index < document.length) {
    let cell = '';
    if (document[index] === '"') {
      for (index++; ; index++) {
        if (document[index] !== '"') cell += document[index];
        else if (document[index + 1] === '"') {
          cell += '"';
          index++;
        } else break;
      }
      index++;
    } else {
      while (document[index] !== ',' && document[index] !== '\n') cell += document[index++];
    }
    row.push(cell);
    if (document[index++] === '\n') {
      rows.push(row);
      row = [];
    }
  }
  return rows;
}
