import { createHash, hash as digest } from 'node:crypto';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { readStatementLog } from '../../../src/audit/logged-statements.ts';
import { longestLine, openStream } from '../../../src/audit/stream-file.ts';
import { chainProblem } from '../../../src/audit/verify-statements.ts';
import { BoundValue } from '../../../src/db/proxy/bound-value.ts';
import type { Statement } from '../../../src/db/proxy/statement.ts';
import { StatementLog } from '../../../src/db/proxy/statement-log.ts';
import { type ProxyStage, startProxyStage } from './proxy-stage.ts';
import { bind, errorField, execute, parse, query, RawClient, sync, typesOf } from './raw-client.ts';

let stage: ProxyStage;
beforeAll(async () => {
  stage = await startProxyStage();
}, 60_000);
afterAll(() => stage[Symbol.asyncDispose]());

const place = { session: 'BG-1', name: 'statements-a1.jsonl' };

function recordsOf(path: string): Record<string, unknown>[] {
  const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
  expect(chainProblem(lines, undefined)).toBeUndefined();
  return lines.map((line) => {
    const { at: _, ...event } = JSON.parse(line);
    return event;
  });
}

it('statements and outcomes are lines of a stream, sealed, with values, and without passwords', async () => {
  const file = await openStream(stage.host, place);
  const log = new StatementLog(stage.host, file, {
    access: 'a1',
    breakglass: 'BG-1',
    mask: (sql) => ({ sql, secret: false, parameters: sql.includes('card') ? new Set([1]) : undefined }),
  });
  const proxy = await stage.start({
    watcher: log,
    guard: {
      check: ({ sql }) => (sql.includes('drop') ? { sqlState: '25006', message: 'no' } : undefined),
    },
  });
  using client = await RawClient.open(proxy.endpoint.host, { application_name: 'psql' });
  const values = ['4111', null, 'x'.repeat(2_000)];
  client.send(
    query("alter role rdsadmin password 'geheim7'"),
    ...[parse('select $1::text as card, $2::int, $3::text'), bind({ values }), execute(), sync],
    ...[
      parse('select set_config($1, $2, true) as secret'),
      bind({ values: ['a.b', 'geheim7'] }),
      execute(),
      sync,
    ],
    query('drop table x'),
    ...[parse('selec'), sync],
  );
  await client.until('ZZZZZ');
  await proxy.end('over');
  await log[Symbol.asyncDispose]();
  await file.close();
  expect(readFileSync(file.path, 'utf8')).not.toMatch(/geheim7|4111/);
  const ids = { id: 'a1', breakglass: 'BG-1' };
  const said = { ...ids, connection: 1, application: 'psql', transaction: 'idle' };
  const ended = { ...ids, rows: 0, transaction: 'idle', milliseconds: expect.any(Number) };
  const records = recordsOf(file.path);
  const of = (type: string) => records.filter((record) => record.type === type);
  expect(of('statement')).toEqual([
    { type: 'statement', ...said, statement: 1, kind: 'query', sql: "alter role rdsadmin password '***'" },
    {
      ...{ type: 'statement', ...said, statement: 3, kind: 'bind' },
      sql: 'select $1::text as card, $2::int, $3::text',
      values: JSON.stringify([
        { masked: true },
        null,
        { cut: 'x'.repeat(256), bytes: 2_000, sha256: digest('sha256', 'x'.repeat(2_000), 'hex') },
      ]),
    },
    {
      ...{ type: 'statement', ...said, statement: 5, kind: 'bind' },
      sql: 'select set_config($1, $2, true) as secret',
      values: JSON.stringify([{ masked: true }, { masked: true }]),
    },
    { type: 'statement', ...said, statement: 6, kind: 'query', sql: 'drop table x' },
    { type: 'statement', ...said, statement: 7, kind: 'prepare', sql: 'selec' },
  ]);
  expect(of('outcome').sort((one, other) => Number(one.statement) - Number(other.statement))).toEqual([
    { type: 'outcome', ...ended, statement: 1, end: 'done', tags: 'ALTER ROLE' },
    { type: 'outcome', ...ended, statement: 3, end: 'done', tags: 'SELECT 1', rows: 1 },
    { type: 'outcome', ...ended, statement: 5, end: 'done', tags: 'SELECT 1', rows: 1 },
    { type: 'outcome', ...ended, statement: 6, end: 'refused', sqlState: '25006' },
    { type: 'outcome', ...ended, statement: 7, end: 'failed', sqlState: '42601' },
  ]);
});

it('the longest texts and values make lines that a stream takes', async () => {
  const file = await openStream(stage.host, { session: 'BG-2', name: 'statements-a2.jsonl' });
  await using log = new StatementLog(stage.host, file, { access: 'a2' });
  const proxy = await stage.start({ watcher: log });
  using client = await RawClient.open(proxy.endpoint.host, { application_name: '\x01'.repeat(60) });
  client.send(query(`select '${'\x01'.repeat(100_000)}'`));
  const values = Array.from({ length: 300 }, () => Buffer.alloc(300, 1));
  client.send(parse(`select length($1) ${values.map((_, index) => `+ length($${index + 1})`).join('')}`));
  client.send(bind({ values }), execute(), sync);
  expect(typesOf(await client.until('ZZ'))).toBe('TDCZ12DCZ');
  const [first, second] = recordsOf(file.path).filter(({ type }) => type === 'statement');
  const longest = Math.max(
    ...readFileSync(file.path, 'utf8')
      .split('\n')
      .map((line) => Buffer.byteLength(line)),
  );
  expect(longest).toBeLessThanOrEqual(longestLine);
  expect(first).toMatchObject({ length: 100_009 });
  expect(JSON.parse(String(second?.values)).at(-1)).toEqual({ more: expect.any(Number) });
});

it('what stands behind a long comment is in the record before it is sent, whole, and its absence is noticed', async () => {
  const path = { session: 'BG-6', name: 'statements-a6.jsonl' };
  const file = await openStream(stage.host, path);
  const log = new StatementLog(stage.host, file, { access: 'a6', breakglass: 'BG-6' });
  // Of two units each, an odd number in: where a piece ends, one is cut in two.
  const sql = `/*x${'😀'.repeat(30_000)}*/ drop table customers`;
  let recorded = '';
  const proxy = await stage.start({
    watcher: {
      before: async (statement) => {
        await log.before(statement);
        recorded = readFileSync(file.path, 'utf8');
      },
      put: () => log.put(),
      after: (outcome) => log.after(outcome),
    },
  });
  using client = await RawClient.open(proxy.endpoint.host);
  client.send(query(sql), query('select 1'));
  await client.until('ZZ');
  await proxy.end('over');
  await log[Symbol.asyncDispose]();
  await file.close();
  const linesOf = (text: string) => text.trimEnd().split('\n');
  expect(readStatementLog(linesOf(recorded)).statements[0]?.sql).toBe(sql);
  const lines = linesOf(readFileSync(file.path, 'utf8'));
  const [first, second] = readStatementLog(lines).statements;
  expect(first).toMatchObject({ sql, length: undefined, outcome: { end: 'failed' } });
  expect(second).toMatchObject({ sql: 'select 1', outcome: { end: 'done' } });
  expect(chainProblem(lines, undefined)).toBeUndefined();
  const cut = lines.filter((line) => !line.includes('drop table'));
  expect(chainProblem(cut, undefined)?.reason).toContain('taken away');
  const forged = resealed(cut);
  expect(chainProblem(forged, undefined)?.reason).toBe('the text of statement 1 is not whole before it');
  expect(readStatementLog(forged).statements[0]).toMatchObject({ length: sql.length });
});

/** As somebody would write it who knows how the seals are made. */
function resealed(lines: readonly string[]): string[] {
  const hash = createHash('sha256');
  return lines.map((text) => {
    const event = JSON.parse(text);
    const line = event.type === 'seal' ? JSON.stringify({ ...event, hash: hash.copy().digest('hex') }) : text;
    hash.update(`${line}\n`);
    return line;
  });
}

it('what looks like a credential takes nothing of the statement with it', async () => {
  let written = '';
  const file = {
    appendBytes: async () => {},
    digest: () => '',
    putBytes: (bytes: Buffer, length?: number) => {
      written += bytes.toString('utf8', 0, length);
    },
  };
  const log = new StatementLog(stage.host, file, { access: 'a7' });
  const proxy = await stage.start({ watcher: log });
  using client = await RawClient.open(proxy.endpoint.host);
  client.send(
    query(
      '/* authorization: Bearer geheim7 */ drop table customers; select 1/*session_token=*/;drop/**/table/**/x',
    ),
  );
  await client.until('Z');
  expect(written).toContain('drop table customers');
  expect(written).toContain('drop/**/table/**/x');
  expect(written).not.toContain('geheim7');
});

it.each([
  ['the disk', 'BG-3'],
  ['the system', undefined],
])('a stream that is lost lets no statement through, where %s must have it', async (_who, breakglass) => {
  const name = `statements-${breakglass ?? 'a3'}.jsonl`;
  const file = await openStream(stage.host, { session: 'lost', name });
  const log = new StatementLog(stage.host, file, { access: 'a3', breakglass });
  const proxy = await stage.start({ watcher: log });
  using client = await RawClient.open(proxy.endpoint.host);
  client.send(query('select 1'));
  expect(typesOf(await client.until('Z'))).toBe('TDCZ');
  await file.close();
  client.send(query('select 2'));
  const answer = await client.until('Z');
  expect(typesOf(answer)).toBe('EZ');
  expect(errorField(answer[0], 'C')).toBe('58030');
  client.send(parse('select 3'), bind(), execute(), sync);
  expect(typesOf(await client.until('Z'))).toBe('1EZ');
});

it('of statements in one piece none runs when one can not be recorded, and nothing after them', async () => {
  let failed = false;
  const failing = {
    appendBytes: () => Promise.resolve(),
    digest: () => '',
    putBytes: (bytes: Buffer, length?: number) => {
      if (failed || !bytes.toString('utf8', 0, length).includes('no record')) return;
      failed = true;
      throw new Error('no space left on device');
    },
  };
  const log = new StatementLog(stage.host, failing, { access: 'a4' });
  const proxy = await stage.start({ watcher: log });
  using client = await RawClient.open(proxy.endpoint.host);
  client.send(query('create table unrecorded (n int)'));
  await client.until('Z');
  client.send(
    ...[parse('insert into unrecorded values (1)'), bind(), execute(), sync],
    ...[parse('insert into unrecorded values (2)'), bind(), execute()],
    ...[parse("insert into unrecorded values (3) returning 'no record'"), bind(), execute(), sync],
    ...[parse('insert into unrecorded values (4)'), bind(), execute(), sync],
  );
  const answer = await client.until('ZZZ');
  expect(typesOf(answer)).toBe('1EZ1EZ1EZ');
  expect(errorField(answer[1], 'M')).toMatch(/can't record this statement.*no space left/);
  // The file takes bytes again, but what is missing stays missing.
  client.send(query('insert into unrecorded values (5)'));
  expect(typesOf(await client.until('Z'))).toBe('EZ');
  using other = await RawClient.open(stage.proxy.endpoint.host);
  other.send(query('select n from unrecorded; drop table unrecorded'));
  expect(typesOf(await other.until('Z'))).toBe('TCCZ');
});

it('once it has failed it keeps nothing, however much is said', () => {
  const file = {
    appendBytes: () => Promise.resolve(),
    digest: () => '',
    putBytes: () => {
      throw new Error('no space left on device');
    },
  };
  const log = new StatementLog(stage.host, file, { access: 'a10' });
  const statement: Statement = {
    ...{ id: 1, at: 0, connection: 1, kind: 'query', sql: 'x'.repeat(20_000), exact: true },
    ...{ standardStrings: true, values: [], application: 'psql', transaction: 'idle' },
  };
  const nothing = { tags: [], rows: 0, sqlState: '58030', milliseconds: 0 };
  log.before(statement);
  expect(() => log.put()).toThrow('no space left');
  const before = process.memoryUsage().arrayBuffers;
  for (let count = 0; count < 5_000; count++) {
    log.before(statement)?.catch(() => {});
    expect(() => log.put()).toThrow('no space left');
    log.after({ statement, at: 0, end: 'refused', ...nothing, transaction: 'idle' });
  }
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(20e6);
});

it('what comes in one piece is recorded in one write', async () => {
  const writes: string[] = [];
  const file = {
    appendBytes: () => Promise.resolve(),
    digest: () => '',
    putBytes: (bytes: Buffer, length?: number) => void writes.push(bytes.toString('utf8', 0, length)),
  };
  const log = new StatementLog(stage.host, file, { access: 'a9' });
  const proxy = await stage.start({ watcher: log });
  using client = await RawClient.open(proxy.endpoint.host);
  client.send(
    ...[1, 2, 3].flatMap((n) => [parse(`select ${n}`), bind(), execute(), sync]),
    query('select 4'),
  );
  await client.until('ZZZZ');
  const numbers = (text = '') =>
    [...text.matchAll(/"sql":"select (\d)"/g)].map(([, number]) => Number(number));
  expect(numbers(writes[0])).toEqual([1, 2, 3, 4]);
});

it('a text that comes again, also as another kind, is shown the same', async () => {
  const file = await openStream(stage.host, { session: 'again', name: 'statements-a5.jsonl' });
  const log = new StatementLog(stage.host, file, { access: 'a5' });
  const proxy = await stage.start({ watcher: log });
  using client = await RawClient.open(proxy.endpoint.host);
  for (let count = 0; count < 3; count++) {
    client.send(query('select 1'), parse('select 1'), bind(), execute(), sync);
    await client.until('ZZ');
  }
  await proxy.end('over');
  await log[Symbol.asyncDispose]();
  await file.close();
  const said = recordsOf(file.path).filter(({ type }) => type === 'statement');
  expect(said.map(({ kind, sql }) => `${kind} ${sql}`)).toEqual(
    Array.from({ length: 3 }, () => ['query select 1', 'bind select 1']).flat(),
  );
});

it('values are the JSON of their texts, whatever they are', () => {
  // Each log flushes a while after its first line: these are forgotten first.
  vi.useFakeTimers();
  const value = fc.option(
    fc.oneof(fc.string({ maxLength: 9 }), fc.string({ unit: 'binary', maxLength: 9 }), fc.nat().map(String)),
    { nil: null },
  );
  fc.assert(
    fc.property(fc.array(value, { minLength: 1, maxLength: 120 }), (values) => {
      let written = '';
      const file = {
        putBytes: (bytes: Buffer, length?: number) => {
          written += bytes.toString('utf8', 0, length);
        },
        appendBytes: () => Promise.resolve(),
        digest: () => '',
      };
      const log = new StatementLog(stage.host, file, { access: 'a1' });
      log.before({
        ...{
          id: 1,
          at: 0,
          connection: 1,
          kind: 'bind',
          sql: 'select $1',
          exact: true,
          standardStrings: true,
        },
        ...{ application: 'psql', transaction: 'idle' },
        values: values.map((text) => {
          if (text === null) return BoundValue.null(false);
          const source = Buffer.from(`<${text}>`);
          return BoundValue.of(false, source.length - 2, source, 1, source.length - 1);
        }),
      });
      log.put();
      const texts = values.map((text) => (text === null ? null : Buffer.from(text).toString()));
      expect(JSON.parse(JSON.parse(written).values)).toEqual(texts);
    }),
  );
  vi.useRealTimers();
});
