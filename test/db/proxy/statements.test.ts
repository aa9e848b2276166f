import { afterAll, beforeAll, beforeEach, expect, describe as group, it } from 'vitest';
import type { BoundValue } from '../../../src/db/proxy/bound-value.ts';
import { frame } from '../../../src/db/proxy/server-messages.ts';
import type { DatabaseProxy } from '../../../src/db/proxy/start-proxy.ts';
import type { GuardContext, Refusal, Statement, StatementWatcher } from '../../../src/db/proxy/statement.ts';
import { NotingWatcher, type ProxyStage, startProxyStage } from './proxy-stage.ts';
import { bind, close, errorField, execute, parse, query, RawClient, sync, typesOf } from './raw-client.ts';

let stage: ProxyStage;
let proxy: DatabaseProxy;
/** What the tests set: by default all is let through and noted. */
let check: (
  statement: Statement,
  context: GuardContext,
) => Refusal | undefined | Promise<Refusal | undefined>;
let before: StatementWatcher['before'];
const watcher = new NotingWatcher();

beforeAll(async () => {
  stage = await startProxyStage();
  proxy = await stage.start({
    guard: { check: (...asked) => check(...asked) },
    watcher: {
      before: (statement) => before(statement),
      put() {},
      after: (outcome) => watcher.after(outcome),
    },
  });
}, 60_000);
afterAll(() => stage[Symbol.asyncDispose]());
beforeEach(() => {
  watcher.statements.length = 0;
  watcher.outcomes.length = 0;
  check = () => undefined;
  before = watcher.before;
});

const open = () => RawClient.open(proxy.endpoint.host, { application_name: 'trace' });
const outcomes = () =>
  watcher.outcomes.map(({ statement, end, tags, rows, sqlState, transaction }) =>
    [statement.sql, end, tags.join('+'), rows, sqlState ?? '', transaction].join('|'),
  );
const announced = () => watcher.statements.map(({ kind, sql }) => `${kind}: ${sql}`);
const refuse = (word: string) => (statement: Statement) =>
  statement.sql.includes(word) ? { sqlState: '25006', message: `no ${word}`, hint: 'ask' } : undefined;

group('each statement has its outcome', () => {
  it('of simple queries', async () => {
    using client = await open();
    client.send(
      query('select 1; select 2 union select 3'),
      query('begin'),
      query('select 1/0'),
      query('rollback'),
      query(''),
    );
    await client.until('ZZZZZ');
    expect(outcomes()).toEqual([
      'select 1; select 2 union select 3|done|SELECT 1+SELECT 2|3||idle',
      'begin|done|BEGIN|0||open',
      'select 1/0|failed||0|22012|failed',
      'rollback|done|ROLLBACK|0||idle',
      '|done||0||idle',
    ]);
    expect(watcher.statements.map(({ application, transaction }) => `${application} ${transaction}`)).toEqual(
      ['idle', 'idle', 'idle', 'idle', 'idle'].map((state) => `trace ${state}`),
    );
  });

  it('of prepared ones, with their values', async () => {
    using client = await open();
    client.send(
      ...[
        parse('select $1::text, $2::bytea', 's'),
        bind({ statement: 's', values: ['ä', null] }),
        execute(),
        sync,
      ],
      ...[
        bind({ statement: 's', values: [Buffer.from('b'), Buffer.from([0, 255])], binary: true }),
        execute(),
        sync,
      ],
    );
    await client.until('ZZ');
    const shown = ({ binary, bytes, size }: BoundValue) => ({ binary, bytes, size });
    expect(watcher.statements.map(({ values }) => values.map(shown))).toEqual([
      [
        { binary: false, bytes: Buffer.from('ä'), size: 2 },
        { binary: false, bytes: null, size: 0 },
      ],
      [
        { binary: true, bytes: Buffer.from('b'), size: 1 },
        { binary: true, bytes: Buffer.from([0, 255]), size: 2 },
      ],
    ]);
    expect(outcomes()).toEqual(Array(2).fill('select $1::text, $2::bytea|done|SELECT 1|1||idle'));
  });

  it('of a text that comes again and means something else, for a setting has changed', async () => {
    using client = await open();
    const again = [parse("select 'a'"), bind(), execute(), sync];
    client.send(...again, ...again);
    await client.until('ZZ');
    client.send(query('set standard_conforming_strings = off'));
    await client.until('Z');
    client.send(...again);
    await client.until('Z');
    expect(watcher.statements.map(({ kind, standardStrings }) => `${kind} ${standardStrings}`)).toEqual([
      ...['bind true', 'bind true', 'query true', 'bind false'],
    ]);
  });

  it('of a name that a refused query has taken away in the server', async () => {
    check = refuse('drop');
    using client = await open();
    client.send(parse('select 1'), sync);
    await client.until('Z');
    client.send(query('drop table customers'));
    await client.until('Z');
    client.send(bind(), execute(), sync);
    expect(errorField((await client.until('Z'))[0], 'C')).toBe('26000');
    expect(announced()).toEqual(['portal: EXECUTE ""']);
  });

  it('of suspended portals, failed binds, what is skipped, what is never executed, and what cannot be parsed', async () => {
    using client = await open();
    client.send(
      ...[parse('select generate_series(1, 5)'), bind(), execute('', 2), execute('', 2), sync],
      ...[
        parse('select $1::int'),
        bind({ values: ['x'] }),
        execute(),
        parse('select 7'),
        bind(),
        execute(),
        sync,
      ],
      ...[parse('select 8'), bind(), sync],
      ...[parse('selec'), sync],
    );
    await client.until('ZZZZ');
    expect(outcomes()).toEqual([
      'select generate_series(1, 5)|suspended||2||idle',
      'select generate_series(1, 5)|suspended||2||idle',
      'select $1::int|failed||0|22P02|idle',
      'select 7|skipped||0||idle',
      'select 8|unused||0||idle',
      'selec|failed||0|42601|idle',
    ]);
  });

  it('of COPY, and of a commit that fails', async () => {
    using client = await open();
    client.send(query('create temp table d (a int primary key deferrable initially deferred)'));
    await client.until('Z');
    client.send(query('copy d from stdin'));
    await client.until('G');
    client.send(frame('d', '1\n2\n'), frame('c', ''));
    await client.until('Z');
    client.send(parse('insert into d values (1)'), bind(), execute(), sync);
    await client.until('Z');
    expect(outcomes().slice(1)).toEqual([
      'copy d from stdin|done|COPY 2|2||idle',
      'insert into d values (1)|done|INSERT 0 1|1||idle',
      'insert into d values (1)|failed||0|23505|idle',
    ]);
  });

  it('names stand for what the server takes them for', async () => {
    using client = await open();
    client.send(query('prepare made as select 41'));
    await client.until('Z');
    client.send(
      // The Parse is skipped: `kept` is still the first.
      ...[parse("select 'first'", 'kept'), sync],
      ...[parse('selec'), close('S', 'kept'), parse("select 'second'", 'kept'), sync],
      ...[bind({ statement: 'kept' }), execute(), sync],
      ...[bind({ statement: 'made' }), execute(), sync],
    );
    await client.until('ZZZZ');
    client.send(query('begin; declare "K" cursor for select 1'), execute('K', 5), sync);
    await client.until('ZZ');
    client.send(
      query('deallocate kept; prepare kept as select 99'),
      bind({ statement: 'kept' }),
      execute(),
      sync,
    );
    await client.until('ZZ');
    expect(announced().filter((text) => !text.startsWith('query'))).toEqual([
      "bind: select 'first'",
      'portal: EXECUTE "made"',
      'portal: FETCH FORWARD 5 FROM "K"',
      'portal: EXECUTE "kept"',
    ]);
  });

  it('a cursor is not taken for the portal whose name it has', async () => {
    using client = await open();
    client.send(query('begin'), parse('select 1'), bind({ portal: 'p' }), sync);
    await client.until('ZZ');
    client.send(query('close p; declare p cursor for select 2'), execute('p', 1), sync);
    expect(typesOf(await client.until('ZZ'))).toBe('CCZDsZ');
    expect(announced().at(-1)).toBe('portal: FETCH FORWARD 1 FROM "p"');
  });

  it('names that the server cuts are cut', async () => {
    using client = await open();
    const long = 'n'.repeat(63);
    client.send(parse('select 1', `${long}A`), bind({ statement: `${long}B` }), execute(), sync);
    expect(typesOf(await client.until('Z'))).toBe('12DCZ');
    expect(announced()).toEqual(['bind: select 1']);
  });
});

group('a refused statement is not sent, and the session goes on as after an error', () => {
  it('a query', async () => {
    check = refuse('drop');
    using client = await open();
    client.send(query('select 1'), query('drop table x'), query('select 2'));
    const answers = await client.until('ZZZ');
    expect(typesOf(answers)).toBe('TDCZEZTDCZ');
    const error = answers.find(({ type }) => type === 'E');
    expect(['S', 'C', 'M', 'H'].map((field) => errorField(error, field))).toEqual([
      'ERROR',
      '25006',
      'no drop',
      'ask',
    ]);
    expect(outcomes()).toContain('drop table x|refused||0|25006|idle');
    expect(announced()).toEqual(['query: select 1', 'query: select 2']);
  });

  it('in a transaction fails the transaction', async () => {
    check = refuse('drop');
    using client = await open();
    client.send(query('begin'), query('drop table x'), query('select 2'), query('commit'));
    const answers = await client.until('ZZZZ');
    expect(answers.filter(({ type }) => type === 'Z').map(({ body }) => body.toString())).toEqual([
      'T',
      'E',
      'E',
      'I',
    ]);
    expect(errorField(answers.filter(({ type }) => type === 'E')[1], 'C')).toBe('25P02');
  });

  it.each(['sync', 'async'])(
    'in a pipeline skips to the Sync and takes back what came before (%s guard)',
    async (how) => {
      const refusing = refuse('drop');
      check = how === 'sync' ? refusing : async (statement) => refusing(statement);
      using client = await open();
      client.send(query('create temp table r (a int)'));
      await client.until('Z');
      const insert = (value: number) => [parse(`insert into r values (${value})`), bind(), execute()];
      client.send(
        ...insert(1),
        parse('drop table r'),
        bind(),
        execute(),
        ...insert(2),
        query('drop table r'),
        sync,
      );
      client.send(query('select count(*) from r'));
      const answers = await client.until('ZZ');
      expect(typesOf(answers)).toBe('12CEZTDCZ');
      expect(answers.find(({ type }) => type === 'D')?.body.at(-1)).toBe('0'.charCodeAt(0));
    },
  );

  it('also what was prepared before it was forbidden', async () => {
    using client = await open();
    client.send(parse('select 5', 's'), sync);
    await client.until('Z');
    check = refuse('select 5');
    client.send(bind({ statement: 's' }), execute(), sync);
    expect(typesOf(await client.until('Z'))).toBe('EZ');
    check = refuse('EXECUTE');
    client.send(query('prepare p as select 1'), bind({ statement: 'p' }), execute(), sync);
    expect(typesOf(await client.until('ZZ'))).toBe('CZEZ');
  });

  it('a large Bind is refused whole, a statement above 16 MiB too', async () => {
    check = refuse('nothing');
    using client = await open();
    const values = [Buffer.alloc(3_000_000, 'x')];
    client.send(
      parse('select length($1), $$ok$$', 's'),
      sync,
      bind({ statement: 's', values }),
      execute(),
      sync,
    );
    expect(typesOf(await client.until('ZZ'))).toBe('1Z2DCZ');
    check = refuse('length');
    client.send(bind({ statement: 's', values }), execute(), sync, query('select 1'));
    expect(typesOf(await client.until('ZZ'))).toBe('EZTDCZ');
    client.send(query(`select '${'x'.repeat(17 * 1024 * 1024)}'`), query('select 1'));
    const answers = await client.until('ZZ');
    expect(typesOf(answers)).toBe('EZTDCZ');
    expect(errorField(answers[0], 'C')).toBe('54000');
  });
});

group('what is not recorded is not sent', () => {
  it('nothing is sent before it is recorded, and all of one chunk is recorded together', async () => {
    using client = await open();
    client.send(query('create temp table o (a int)'));
    await client.until('Z');
    let release = () => {};
    const recorded = new Promise<void>((resolve) => {
      release = resolve;
    });
    before = async (statement) => {
      watcher.statements.push(statement);
      await recorded;
    };
    const insert = [bind({ statement: 'i' }), execute()];
    client.send(parse('insert into o values (1)', 'i'), ...insert, ...insert, ...insert, sync);
    await expect.poll(() => watcher.statements.filter(({ kind }) => kind === 'bind').length).toBe(3);
    expect(client.messages.at(-1)?.type).toBe('Z');
    using other = await RawClient.open(stage.direct);
    other.send(query("select count(*) from pg_stat_activity where query like 'insert into o%'"));
    expect((await other.until('Z'))[1]?.body.at(-1)).toBe('0'.charCodeAt(0));
    release();
    expect(typesOf(await client.until('Z'))).toBe('12C2C2CZ');
  });

  it.each([
    ['a query', [query('insert into pg_temp.u values (2)')], 'EZ'],
    [
      'in a pipeline',
      [
        parse('insert into pg_temp.u values (2)'),
        bind(),
        execute(),
        parse('select 1'),
        bind(),
        execute(),
        sync,
      ],
      '1EZ',
    ],
  ])('when it fails: %s', async (_what, bytes, types) => {
    using client = await open();
    client.send(query('create temp table u (a int)'));
    await client.until('Z');
    before = () => Promise.reject(new Error('the disk is full'));
    client.send(...bytes);
    const answers = await client.until('Z');
    expect(typesOf(answers)).toBe(types);
    const error = answers.find(({ type }) => type === 'E');
    expect(errorField(error, 'C')).toBe('58030');
    expect(errorField(error, 'M')).toContain('the disk is full');
    before = watcher.before;
    client.send(query('select count(*) from pg_temp.u'));
    expect((await client.until('Z'))[1]?.body.at(-1)).toBe('0'.charCodeAt(0));
  });
});
