import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Change } from '../../../src/breakglass/protocol/change.ts';
import { changeText, numberedText } from '../../../src/db/change/change-lines.ts';
import { changeProblem } from '../../../src/db/change/change-problem.ts';
import { estimateOf } from '../../../src/db/change/explain-change.ts';
import { sameRows } from '../../../src/db/change/same-rows.ts';
import { splitChange } from '../../../src/db/change/split-change.ts';

const update = 'update orders set status = 1 where id = 2;';

describe('a text that is to be a change', () => {
  it.each([
    [`${update}\n\\copy orders from 'x'`, 'Line 2 has a command of psql'],
    [`begin; ${update} commit;`, 'Line 1: BEGIN is not needed'],
    [`${update}\n/* now */ COMMIT`, 'Line 2: COMMIT is not needed'],
    [`${update}\nend;`, 'Line 2: END is not needed'],
    [`-- one\nrollback to savepoint x`, 'Line 2: ROLLBACK is not needed'],
    ['savepoint a', 'SAVEPOINT is not needed'],
    ['start transaction', 'START TRANSACTION is not needed'],
    [`prepare transaction 'x'`, 'PREPARE TRANSACTION is not needed'],
    ['set transaction isolation level serializable', 'SET TRANSACTION is not needed'],
    [`${update}\nvacuum orders`, 'Line 2: VACUUM can’t run in a transaction'],
    ['create unique index concurrently x on orders (id)', 'CONCURRENTLY can’t run'],
    ['drop index concurrently x', 'CONCURRENTLY can’t run'],
    ['reindex (verbose) table concurrently orders', 'CONCURRENTLY can’t run'],
    ['alter table a detach partition b concurrently', 'CONCURRENTLY can’t run'],
    ['create database x', 'CREATE DATABASE can’t run'],
    ['alter system set x = 1', 'ALTER SYSTEM can’t run'],
    [`copy orders from stdin`, 'COPY from or to the client'],
    ['copy orders to stdout', 'COPY from or to the client'],
    ['-- nothing\n;;', 'It has no statement.'],
    ['  \n', 'It is empty.'],
    [`select '\u200b'`, 'Line 1 has a control or invisible character'],
    [`select 1;\nselect '\u202e'`, 'Line 2 has a control or invisible character'],
    ['\ufeffselect 1', 'Line 1 has a control or invisible character'],
    ['select 1\0', 'Line 1 has a control or invisible character'],
    ['x'.repeat(65_537), 'It has 65537 bytes; at most 65536'],
  ])('is refused, with the line: %j', (text, problem) => {
    expect(changeProblem(text)).toContain(problem);
  });

  it.each([
    update,
    `${update}\r\n\t-- a comment; commit;\r\nselect ';commit;', $$;commit;$$, "a;b" from t`,
    `do $body$ begin perform 1; end $body$;`,
    `prepare x as select 1; execute x; set local lock_timeout = '1s'`,
    `update notes set text = 'commit; \\copy' where id = 1`,
    `select 'größer 中文'`,
  ])('can be run: %j', (text) => {
    expect(changeProblem(text)).toBeUndefined();
  });

  it('is split so that each piece begins at its first word, and nothing but blanks and comments is between', () => {
    const piece = fc.constantFrom(
      'select 1',
      `select ';'`,
      'update a set b = $x$;$x$',
      `select E'\\';'`,
      '"a;b"',
    );
    const between = fc.constantFrom(' ', '\n', '-- c;\n', '/* a /* ; */ ; */', '\r\n\t');
    fc.assert(
      fc.property(fc.array(fc.tuple(between, piece), { minLength: 1, maxLength: 8 }), (pieces) => {
        const text = pieces.map((parts) => parts.join('')).join(';');
        const { statements } = splitChange(text);
        expect(statements.map(({ sql }) => sql)).toEqual(pieces.map(([, sql]) => sql));
        for (const { sql, offset, line } of statements) {
          expect(text.slice(offset, offset + sql.length)).toBe(sql);
          expect(line).toBe(text.slice(0, offset).split('\n').length);
        }
      }),
    );
  });

  it('ends with what it does and where, for what scrolled away', () => {
    const text = `${update}\n${update}${'\n'.repeat(60_000)}delete from orders;`;
    const shown = changeText({ text } as Change);
    expect(shown.split('\n').at(-1)).toBe('Statements: 2 UPDATE (line 1, 2), 1 DELETE (line 60002)');
  });

  it('is shown whole, with its lines numbered, whatever is in it', () => {
    const long = Array.from({ length: 2_000 }, (_, index) => `select ${index + 1};`).join('\r\n');
    const shown = numberedText(`${long}\n`).split('\n');
    expect(shown).toHaveLength(2_000);
    expect([shown[0], shown.at(-1)]).toEqual(['   1 │ select 1;', '2000 │ select 2000;']);
    expect(numberedText('a\u001b[2Jb\u202ec\td')).toBe('1 │ a\\x1b[2Jb\\u{202e}c    d');
  });

  it('is estimated by what it works on, not by what it returns', () => {
    const scan = '  ->  Seq Scan on orders  (cost=0.00..1.00 rows=37 width=8)';
    expect(estimateOf(['Update on orders  (cost=0.00..1.00 rows=0 width=0)', scan])).toBe(37);
    expect(estimateOf(['Seq Scan on orders  (cost=0.00..1.00 rows=5 width=8)'])).toBe(5);
    expect(estimateOf(['Utility'])).toBeUndefined();
  });

  it.each([
    ['delete from orders', 'select 1 from orders'],
    ['delete from only orders o where id = 1 returning *', 'select 1 from only orders o where id = 1'],
    ['delete from a using b, c where a.id = b.id', 'select 1 from a , b, c where a.id = b.id'],
    [
      `update a set x = 'where' where y = (select 1 from b where z)`,
      'select 1 from a where y = (select 1 from b where z)',
    ],
    ['update s.a as q set x = b.y from b where b.id = q.id', 'select 1 from s.a as q, b where b.id = q.id'],
    ['update a set x = y is distinct from z where id = 2', 'select 1 from a where id = 2'],
    ['insert into a values (1)', undefined],
  ])('has the rows of %j by %j', (sql, reading) => {
    expect(sameRows(sql)?.replace(/ +,/g, ',')).toBe(reading?.replace(/ +,/g, ','));
  });
});
