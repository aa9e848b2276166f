import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { countStatements, scanSql, startOfStatement } from '../../src/db/scan-sql.ts';

/** The statements, by feeding the text in one piece. */
function split(text: string): string[] {
  const found: string[] = [];
  let from = 0;
  for (;;) {
    const { at, index } = scanSql(text, from, startOfStatement);
    if (at !== 'semicolon') {
      if (text.slice(from).trim() !== '') found.push(text.slice(from));
      return found;
    }
    found.push(text.slice(from, index + 1));
    from = index + 1;
  }
}

describe('scanSql', () => {
  it.each([
    ['select 1;', 1],
    ['select 1; select 2', 2],
    ["select ';'", 1],
    ["select 'it''s; fine'; select 2", 2],
    ["select E'it\\'s; fine'; select 2", 2],
    ["select 'no escape\\'; select 2", 2],
    ["select E'a'\n'\\';'; select 2", 2],
    ['select "a;""b;"', 1],
    ['select $$;$$; select $t$ ; $$ ; $t$', 2],
    ['select a$b$c; select 2; select a$b$', 3],
    ['select $1; select $1', 2],
    ['select 1 -- ; not here\n; select 2', 2],
    ['select /* ; /* nested ; */ ; */ 1; select 2', 2],
    ['create rule r as on insert to t do also (select 1; select 2); select 3', 2],
    [';;  ; -- nothing\n;', 0],
    ['', 0],
    ['-- only a comment', 0],
    ['/* only */ /* comments */', 0],
    [
      'create or replace function f() returns int begin atomic select 1; select case when true then 2 end; end; select 3',
      2,
    ],
    ['create procedure p() begin atomic insert into t values (1); end', 1],
    ['begin; select 1; end;', 3],
    ['select 1 \\ 2; select 3', 2],
    ["select U&'d\\0061t;a'; select 2", 2],
    ['select é$x$; select 2;', 2],
  ])('%s', (text, count) => {
    expect(countStatements(text)).toBe(count);
  });

  const quoted = fc.oneof(
    fc.string().map((text) => `'${text.replaceAll("'", "''")}'`),
    fc.string().map((text) => `E'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}' `),
    fc.string().map((text) => `"${text.replaceAll('"', '""')}"`),
    fc.string().map((text) => `$q$${text.replaceAll('$', '')}$q$`),
    fc.string().map((text) => `/*${text.replaceAll(/[*/]/g, '')}*/`),
    fc.string().map((text) => `--${text.replaceAll(/[\r\n]/g, '')}\n`),
    fc.string().map((text) => `(${text.replaceAll(/[^a-z;, ]/g, '')})`),
  );
  const statement = fc
    .array(quoted, { maxLength: 6 })
    .map((parts) => `select ${parts.map((part) => ` ${part} `).join('')}`);

  it('finds exactly the semicolons between statements, whatever is quoted in them', () => {
    fc.assert(
      fc.property(fc.array(statement, { minLength: 1, maxLength: 5 }), (statements) => {
        expect(split(statements.join(';'))).toEqual(
          statements.map((text, index) => (index < statements.length - 1 ? `${text};` : text)),
        );
      }),
    );
  });

  it('comes to the same line by line as in one piece', () => {
    const text = fc
      .array(
        fc.oneof(
          quoted,
          fc.constantFrom(
            "'",
            '"',
            '$$',
            '$a$',
            '/*',
            '*/',
            '--',
            ';',
            '\n',
            'E',
            '(',
            ')',
            ' ',
            '\\',
            'begin',
            'x',
          ),
        ),
      )
      .map((parts) => `${parts.join('')}\n`);
    fc.assert(
      fc.property(text, (sql) => {
        const whole: number[] = [];
        for (let index = 0, state = startOfStatement; ; ) {
          const stop = scanSql(sql, index, state);
          if (stop.at === 'end') break;
          whole.push(stop.index);
          index = stop.index + 1;
          state = stop.at === 'semicolon' ? startOfStatement : stop.state;
        }
        const pieces: number[] = [];
        let offset = 0;
        let state = startOfStatement;
        for (const line of sql.match(/[^\n]*\n/g) ?? []) {
          for (let index = 0; ; ) {
            const stop = scanSql(line, index, state);
            state = stop.state;
            if (stop.at === 'end') break;
            pieces.push(offset + stop.index);
            index = stop.index + 1;
            if (stop.at === 'semicolon') state = startOfStatement;
          }
          offset += line.length;
        }
        expect(pieces).toEqual(whole);
      }),
      { numRuns: 500 },
    );
  });

  it('takes a megabyte in well under a second', () => {
    const long = `insert into t values ${"('a;b', 1),".repeat(100_000)}('x', 2);`;
    const started = process.cpuUsage();
    expect(countStatements(long)).toBe(1);
    expect(process.cpuUsage(started).user).toBeLessThan(2_000_000);
  });
});
