import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { displayWidth } from '../../src/terminal/display-width.ts';
import { styleFor } from '../../src/terminal/style.ts';
import { type Column, renderTable } from '../../src/terminal/table.ts';

interface Row {
  readonly id: string;
  readonly name: string;
  readonly type: string;
}

const columns: readonly Column<Row>[] = [
  { title: 'ID', value: ({ id }) => id },
  { title: 'NAME', value: ({ name }) => name },
  { title: 'TYPE', value: ({ type }) => type, minor: true },
];
const rows: readonly Row[] = [
  { id: 'i-0123456789abcdef0', name: 'a-web-server-with-a-long-name', type: 'm7g.large' },
  { id: 'i-0fedcba9876543210', name: 'b', type: 't4g.nano' },
];

/** Columns of a terminal; undefined: a pipe. */
function render(width: number | undefined, shown = columns, cells: readonly Row[] = rows): string {
  const stream = width === undefined ? { columns: 10 } : { isTTY: true, columns: width };
  return renderTable(shown, cells, styleFor(stream as never, { NO_COLOR: '1' }));
}

const whole = [
  'ID                   NAME                           TYPE',
  'i-0123456789abcdef0  a-web-server-with-a-long-name  m7g.large',
  'i-0fedcba9876543210  b                              t4g.nano',
].join('\n');

describe('a table', () => {
  it('is whole in a pipe and where there is room', () => {
    expect(render(undefined)).toBe(whole);
    expect(render(61)).toBe(whole);
  });

  it('cuts the widest cells first', () => {
    expect(render(60)).toBe(
      [
        'ID                   NAME                          TYPE',
        'i-0123456789abcdef0  a-web-server-with-a-long-na…  m7g.large',
        'i-0fedcba9876543210  b                             t4g.nano',
      ].join('\n'),
    );
  });

  it('leaves minor columns out, and says which, before cells become too short to be read', () => {
    expect(render(45)).toBe(
      [
        'ID                   NAME',
        'i-0123456789abcdef0  a-web-server-with-a-lon…',
        'i-0fedcba9876543210  b',
        'without TYPE',
      ].join('\n'),
    );
  });

  it('never cuts the first column, which is what people type', () => {
    expect(render(10)).toContain('i-0123456789abcdef0  a-web…');
  });

  it('is nowhere wider than the terminal, as far as the first column leaves room', () => {
    const cell = fc.string({ unit: 'grapheme', maxLength: 50 });
    fc.assert(
      fc.property(
        fc.array(fc.record({ id: fc.stringMatching(/^[a-z]{1,10}$/), name: cell, type: cell }), {
          minLength: 1,
        }),
        fc.integer({ min: 30, max: 140 }),
        (cells, width) => {
          const lines = render(width, columns, cells).split('\n');
          expect(Math.max(...lines.map(displayWidth))).toBeLessThanOrEqual(width);
        },
      ),
    );
  });
});
