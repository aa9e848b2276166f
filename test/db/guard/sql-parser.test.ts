import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { longestParsed, SqlParser } from '../../../src/db/guard/sql-parser.ts';
import { reads } from './read-corpus.ts';
import { letThrough, wrappings, writes } from './write-attempts.ts';

const deep: Readonly<Record<string, (n: number) => string>> = {
  parentheses: (n) => `select ${'('.repeat(n)}1${')'.repeat(n)}`,
  sums: (n) => `select 1${'+1'.repeat(n)}`,
  nots: (n) => `select ${'not '.repeat(n)}true`,
  unions: (n) => `select 1${' union select 1'.repeat(n)}`,
  joins: (n) => `select 1 from t${' cross join t'.repeat(n)}`,
  queries: (n) => `select * from ${'(select * from '.repeat(n)}t${') a'.repeat(n)}`,
  cases: (n) => `select ${'case when true then '.repeat(n)}1${' end'.repeat(n)}`,
  arrays: (n) => `select ${'array['.repeat(n)}1${']'.repeat(n)}`,
  subscripts: (n) => `select a${'[1]'.repeat(n)}`,
  lists: (n) => `select 1 where a in (1${',1'.repeat(n)})`,
};

describe('the parser', () => {
  it('makes a tree of each statement', async () => {
    const parser = await SqlParser.load();
    expect(parser.parse('select 1; ; delete from a')).toMatchObject({
      statements: [{ SelectStmt: {} }, { DeleteStmt: { relation: { relname: 'a' } } }],
    });
    expect(parser.parse('')).toEqual({ statements: [] });
    expect(parser.parse('-- nothing')).toEqual({ statements: [] });
    expect(parser.parse('selekt')).toEqual({ problem: 'syntax error at or near "selekt"', kind: 'syntax' });
    expect(parser.parse('select 1\0; delete from a')).toMatchObject({ kind: 'syntax' });
    expect(parser.parse("select 'é\u{1f600}'")).toMatchObject({ statements: [{ SelectStmt: {} }] });
  });

  it('has a limit where statements are nested without end, and works on', { timeout: 60_000 }, async () => {
    const parser = await SqlParser.load();
    let limits = 0;
    for (const [what, make] of Object.entries(deep))
      for (const n of [100, 1_000, 10_000, 60_000]) {
        const parsed = await parser.parse(make(n));
        if ('problem' in parsed) {
          limits++;
          expect(parsed.kind, what).toBe('limit');
          expect(n).toBeGreaterThan(100);
        }
        expect(await parser.parse('select 1'), `${what} ${n}`).toHaveProperty('statements');
      }
    expect(limits).toBeGreaterThan(10);
    const before = process.memoryUsage().rss;
    for (let round = 0; round < 20; round++) await parser.parse(deep.joins?.(30_000) ?? '');
    expect(process.memoryUsage().rss - before).toBeLessThan(600 * 1024 * 1024);
  });

  it('does not begin what would take it minutes', async () => {
    const parser = await SqlParser.load();
    const costly = [
      `${'/**/'.repeat(50_000)}select 1`,
      `${'/*'.repeat(50_000)}${'*/'.repeat(50_000)}select 1`,
      `select ${'+'.repeat(50_000)}1`,
      `select '${'x'.repeat(longestParsed)}'`,
    ];
    for (const sql of costly) {
      const start = performance.now();
      expect(await parser.parse(sql)).toMatchObject({ kind: 'limit' });
      expect(performance.now() - start).toBeLessThan(1_000);
    }
    const commented = `/* ${'*'.repeat(200)} */\nselect 1 -- ${'-'.repeat(2_000)}\n;`;
    expect(await parser.parse(commented.repeat(20))).toHaveProperty('statements');
  });

  it('survives any text', async () => {
    const parser = await SqlParser.load();
    const pieces = fc.constantFrom(
      ...[
        "'",
        '"',
        '$$',
        '$a$',
        '/*',
        '*/',
        '--',
        '\n',
        '\\',
        ';',
        '(',
        ')',
        "e'",
        "U&'",
        '::',
        '$1',
        '.',
        ',',
        '\u{1f600}',
        'é',
      ],
      ...[
        'select',
        'from',
        'where',
        'with',
        'as',
        'update',
        'set',
        'begin',
        'end',
        'case',
        'null',
        '1e',
        '0x',
        'x',
        ' ',
      ],
      ...writes,
      ...letThrough,
    );
    const mutated = fc
      .tuple(
        fc.constantFrom(...reads, ...wrappings),
        fc.nat(),
        fc.nat(30),
        fc.string({ unit: 'binary', maxLength: 12 }),
      )
      .map(([sql, at, length, instead]) => {
        const start = at % (sql.length + 1);
        return sql.slice(0, start) + instead + sql.slice(start + length);
      });
    const text = fc.oneof(
      fc.array(pieces, { maxLength: 40 }).map((all) => all.join('')),
      fc.string({ unit: 'binary', maxLength: 200 }),
      mutated,
    );
    await fc.assert(
      fc.asyncProperty(text, async (sql) => {
        const parsed = await parser.parse(sql);
        expect('problem' in parsed ? parsed.problem.length > 0 : parsed.statements.length >= 0).toBe(true);
      }),
      { numRuns: 10_000 },
    );
    expect(parser.parse('select 1')).toHaveProperty('statements');
  });
});
