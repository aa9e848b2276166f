import { describe, expect, it } from 'vitest';
import { KnownTexts } from '../../../src/db/guard/known-texts.ts';
import { openWords } from '../../../src/db/guard/open-words.ts';
import { createReadOnlyGuard } from '../../../src/db/guard/read-only-guard.ts';
import { createWriteGuard } from '../../../src/db/guard/write-guard.ts';
import { createTestHost } from '../../support/test-host.ts';
import { verdict } from './guard-stage.ts';

describe('what is known of a text', () => {
  it('is known of those that differ in numbers', () => {
    const known = new KnownTexts<string>();
    known.add("select * from t where a = 5 and b in (1, 2.5) and c = 'x 7'", 'yes', true);
    expect(known.find("select * from t where a = 77 and b in (0, 13) and c = 'x 8'")).toEqual({
      finding: 'yes',
    });
    expect(known.find("select * from t1 where a = 5 and b in (1, 2.5) and c = 'x 7'")).toBeUndefined();
    known.add('select f1(1), "a 1", $1', 'exactly', true);
    expect(known.find('select f1(1), "a 1", $1')).toEqual({ finding: 'exactly' });
    for (const other of ['select f2(1), "a 1", $1', 'select f1(2), "a 1", $1', 'select f1(1), "a 2", $1'])
      expect(known.find(other)).toBeUndefined();
    known.add('set a = 1', 'this one', false);
    expect(known.find('set a = 0')).toBeUndefined();
  });

  it('never makes a refused text a passed one', async () => {
    const guard = await createReadOnlyGuard();
    const pairs = [
      ['set default_transaction_read_only = 1', 'set default_transaction_read_only = 0'],
      [
        "select set_config('default_transaction_read_only', '1', false)",
        "select set_config('default_transaction_read_only', '0', false)",
      ],
      ['select 1; set transaction_read_only = 1', 'select 1; set transaction_read_only = 0'],
      [
        "select query_to_xml('select lo_get(1)', true, false, '')",
        "select query_to_xml('select lo_put(1)', true, false, '')",
      ],
      [
        "select query_to_xml('set transaction_read_only = 1', true, false, '')",
        "select query_to_xml('set transaction_read_only = 0', true, false, '')",
      ],
    ] as const;
    for (const [passed, refused] of pairs) {
      expect(await verdict(guard, passed), passed).toBeUndefined();
      expect(await verdict(guard, refused), refused).toBeDefined();
    }
    const host = createTestHost();
    const rails = await createWriteGuard({ target: 'x', words: await openWords(host), maxRows: 2 });
    expect(await verdict(rails, 'delete from t where a = 1', { transaction: 'open' })).toBeUndefined();
    expect(await verdict(rails, 'delete from t where 1 = 1', { transaction: 'open' })).toMatchObject({
      sqlState: '42501',
    });
    expect(await verdict(rails, 'insert into t values (1), (2)')).toBeUndefined();
    expect(await verdict(rails, 'insert into t values (1), (2), (3)')).toMatchObject({ sqlState: '25P01' });
    host.dispose();
  });
});
