import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { columnMask } from '../../../src/db/gate/mask-columns.ts';

const masked = (patterns: readonly string[], sql: string) => {
  const found = columnMask(patterns)?.(sql);
  return [found?.sql, [...(found?.parameters ?? [])], found?.secret];
};

describe('masked columns', () => {
  it.each([
    ["update t set email = 'x' where id = 42", "update t set email = '***' where id = 42", []],
    ['update t set email = $1 where id = $2', 'update t set email = $1 where id = $2', [1]],
    ["insert into t (id, email) values (1, 'x')", "insert into t (id, email) values ('***', '***')", []],
    ["insert into t values (1, 'x')", "insert into t values ('***', '***')", []],
    ["insert into t select 1, 'x'", "insert into t select '***', '***'", []],
    ['insert into t as a (email) values ($1), ($2)', 'insert into t as a (email) values ($1), ($2)', [1, 2]],
    ["select * from t where EMAIL = 'x'", "select * from t where EMAIL = '***'", []],
    [`select 1 from t where "Email" like 'x%'`, `select '***' from t where "Email" like '***'`, []],
    ["select 1 from t where email || name = 'x'", "select '***' from t where email || name = '***'", []],
    ["select email from t where name = 'x' || 'y'", "select email from t where name = '***' || '***'", []],
    [
      "select email from t where a.name >= 'x' and b = 1",
      "select email from t where a.name >= 'x' and b = 1",
      [],
    ],
    ['select f(\'{"email": "x"}\', 7)', "select f('***', '***')", []],
    ["do $$ begin update t set email = 'x'; end $$", "do '***'", []],
    ["execute p('x', 5)", "execute p('***', '***')", []],
    ['select email /* of x */ from t -- x', 'select email /* *** */ from t /* *** */', []],
    ["select name from t where id = 'x'", "select name from t where id = 'x'", []],
  ])('%s', (sql, shown, parameters) => {
    expect(masked(['email'], sql)).toEqual([shown, parameters, false]);
  });

  it('of one table, of all of its columns, or by a part of the name', () => {
    expect(masked(['people.name'], "select 1 from pets where name = 'x'")[0]).toContain("'x'");
    expect(masked(['people.name'], "select 1 from people p where p.name = 'x'")[0]).toContain(
      "p.name = '***'",
    );
    expect(masked(['people.name'], "insert into pets values ('x')")[0]).toContain("'x'");
    expect(masked(['people.name'], "insert into hr.people values ('x')")[0]).not.toContain("'x'");
    expect(masked(['people.*'], "select a from people where b = 'x'")[0]).not.toContain("'x'");
    expect(masked(['people.*'], "do $$ perform f(people, 'x') $$")[0]).not.toContain("'x'");
    expect(masked(['*iban*'], "select set_iban('x')")[0]).not.toContain("'x'");
  });

  it('what can not be cut is hidden but for its commands', () => {
    expect(masked(['email'], "select 'x")).toEqual([
      "/* *** 9 characters that forge can't cut into constants */ /* in what is masked: */ select",
      [],
      true,
    ]);
    expect(columnMask([])).toBeUndefined();
  });

  it('a secret never shows beside a masked column, however it is quoted', () => {
    const canary = 'Xk29qZ';
    const quoted = fc.constantFrom(
      `'${canary}'`,
      `E'\\n${canary}'`,
      `$$${canary}$$`,
      `$a$${canary}$a$`,
      `N'${canary}'`,
      `'a''${canary}'`,
      `'${canary}'::text`,
      `'${canary}' || $1`,
    );
    const column = fc.constantFrom('email', 'EMAIL', '"email"', 't.email', '"T"."email"');
    const statement = fc
      .tuple(column, quoted, quoted)
      .chain(([c, a, b]) =>
        fc.constantFrom(
          `update t set ${c} = ${a}`,
          `update t set id = 1, ${c}=${a} where x = 2`,
          `insert into t (${c}, b) values (${a}, ${b})`,
          `with n as (select ${a} as e) update t set ${c} = n.e from n`,
          `select * from t where ${c} in (${a}, ${b})`,
          `select * from t where ${c} = any(array[${a}])`,
          `select * from t where (${c}, id) = (${a}, 1)`,
          `select * from t where ${a} = ${c}`,
          `select case when ${c} = ${a} then 1 end from t`,
          `merge into t using s on t.id = s.id when not matched then insert (${c}) values (${a})`,
          `select /* ${canary} */ ${c} from t`,
          `update t set (${c}, b) = (${a}, ${b}) where id = 1`,
        ),
      );
    fc.assert(
      fc.property(statement, (sql) => {
        expect(masked(['email'], sql)[0]).not.toContain(canary);
      }),
      { numRuns: 1_000 },
    );
  });
});
