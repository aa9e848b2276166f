import { describe, expect, it } from 'vitest';
import { planWrite } from '../../../src/db/guard/plan-write.ts';

describe('a script for production', () => {
  it.each([
    ['update t set a = 1 where b = 2', true],
    ['delete from t where a = 1; select 1', true],
    ['insert into t select * from u', true],
    ['insert into t values (1), (2), (3)', true],
    ['savepoint a; update t set a = 1 where b = 2', true],
    ['insert into t values (1), (2)', false],
    ['vacuum t', false],
    ['create index concurrently on t (a)', false],
    ['select 1', false],
    ['', false],
    ['-- nothing', false],
    // It ends with nothing kept, by its own words or by the end of its connection.
    ['begin; update t set a = 1 where b = 2; rollback', false],
    ['begin; update t set a = 1 where b = 2', false],
    ['begin; select 1; commit', false],
    // Left to the gate, which says why.
    ['updatet set', false],
  ])('%j: a transaction of forge’s: %j', async (sql, transaction) => {
    expect(await planWrite(sql, 2)).toEqual({ risks: [], transaction });
    expect(await planWrite(sql, undefined)).toEqual({ risks: [], transaction: false });
  });

  it.each([
    'begin; update t set a = 1 where b = 2; commit',
    'update t set a = 1 where b = 2; end',
    'execute w; commit',
  ])('does not commit by itself: %s', async (sql) => {
    await expect(planWrite(sql, 10)).rejects.toMatchObject({ kind: 'usage', code: 'OWN_COMMIT' });
    expect(await planWrite(sql, undefined)).toMatchObject({ transaction: false });
  });

  it('names all that is asked about', async () => {
    const { risks } = await planWrite('select 1; delete from t; drop table u; truncate v', undefined);
    expect(risks).toEqual(['DELETE FROM t without WHERE', 'DROP of u', 'TRUNCATE of v']);
  });
});
