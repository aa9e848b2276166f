import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { chooseFormat } from '../../src/db/choose-format.ts';
import { parseTimeout } from '../../src/db/parse-timeout.ts';
import { readSql } from '../../src/db/query-input.ts';
import { gatherParameter, refuseParametersOfScript } from '../../src/db/query-parameters.ts';
import { refusePsqlCommand } from '../../src/db/refuse-psql-command.ts';
import { createTestHost, type TestHost } from '../support/test-host.ts';

let host: TestHost;
beforeEach(() => {
  host = createTestHost();
});
afterEach(() => host.dispose());

const none = { sql: undefined, file: undefined };
const feed = (content: string | Buffer) => (host.stdin as PassThrough).end(content);
const feeding = (content: string | Buffer) => {
  feed(content);
  return host;
};
const file = (name: string, content: string | Buffer) =>
  writeFileSync(join(host.directories.working, name), content);

describe('where the SQL comes from', () => {
  it('the argument, also an empty one; stdin is left alone', async () => {
    expect(await readSql(host, { ...none, sql: 'select 1' })).toEqual({ sql: 'select 1', file: undefined });
    expect(await readSql(host, { ...none, sql: '' })).toEqual({ sql: '', file: undefined });
  });

  it('a file, without its byte order mark', async () => {
    file('report.sql', '\ufeffselect 1;\n');
    expect(await readSql(host, { ...none, file: 'report.sql' })).toEqual({
      sql: 'select 1;\n',
      file: 'report.sql',
    });
  });

  it('stdin, in pieces that cut a character', async () => {
    const bytes = Buffer.from("select 'é'");
    (host.stdin as PassThrough).write(bytes.subarray(0, 9));
    feed(bytes.subarray(9));
    expect((await readSql(host, none)).sql).toBe("select 'é'");
  });

  it('stdin by name', async () => {
    feed('');
    expect((await readSql(host, { ...none, file: '-' })).sql).toBe('');
  });

  it.each([
    ['two at once', 'SQL_TWICE', () => readSql(host, { sql: 'select 1', file: 'x.sql' })],
    ['a terminal', 'NO_SQL', () => readSql(createTerminalHost(), none)],
    ['an empty stdin', 'NO_SQL', () => readSql(feeding(' \n'), none)],
    ['a file without a name', 'NO_SQL', () => readSql(host, { ...none, file: '' })],
    ['a missing file', 'FILE_FAILED', () => readSql(host, { ...none, file: 'missing.sql' })],
    ['a folder', 'FILE_FAILED', () => readSql(host, { ...none, file: '.' })],
    ['another encoding', 'BAD_SQL_TEXT', () => readSql(feeding(Buffer.from([0x27, 0xe9, 0x27])), none)],
    ['a NUL', 'BAD_SQL_TEXT', () => readSql(feeding('select 1;\0drop table x'), none)],
  ])('%s is refused: %s', async (_name, code, read) => {
    await expect(read()).rejects.toMatchObject({ code });
  });

  it('a signal ends the wait for stdin', async () => {
    const reading = readSql(host, none);
    setTimeout(() => host.interrupt(), 20);
    await expect(reading).rejects.toBe('SIGINT');
  });
});

function createTerminalHost() {
  return { ...host, stdin: Object.assign(new PassThrough(), { isTTY: true as const }) };
}

describe('options', () => {
  it.each([
    ['30', 30_000],
    ['30s', 30_000],
    ['1.5s', 1_500],
    ['250ms', 250],
    ['2m', 120_000],
    ['2min', 120_000],
    ['24h', 86_400_000],
  ])('--timeout %s', (text, milliseconds) => {
    expect(parseTimeout(text)).toBe(milliseconds);
  });

  it.each(['', '0', '-1s', '25h', 'soon', '1d', '1e3', '0.0001s'])('--timeout %j is refused', (text) => {
    expect(() => parseTimeout(text)).toThrow(/no time limit/);
  });

  it('a file of psql is told where it is understood', () => {
    const refused = (sql: string, file?: string) => () => refusePsqlCommand({ sql, file }, 'dev');
    expect(refused('\n\\set x 1\nselect :x', 'its own.sql')).toThrow(
      expect.objectContaining({ code: 'PSQL_COMMAND', hint: "forge db connect dev -- -f 'its own.sql'" }),
    );
    expect(refused('\\x\nselect 1')).toThrow(
      expect.objectContaining({ hint: 'forge db connect dev -- -f <file>' }),
    );
    expect(refused("select E'\\d'")).not.toThrow();
  });

  it('parameters gather, and go with one statement', () => {
    expect(gatherParameter('b', gatherParameter('a', undefined))).toEqual(['a', 'b']);
    refuseParametersOfScript('select $1; -- once', ['x']);
    refuseParametersOfScript('select 1; select 2', []);
    expect(() => refuseParametersOfScript('select $1; select 2', ['x'])).toThrow(/here are 2/);
    expect(() => refuseParametersOfScript('-- nothing', ['x'])).toThrow(/here is none/);
  });

  it.each(['table', 'csv', 'json', 'ndjson'] as const)(
    '%s sends a terminal nothing that it would obey',
    (name) => {
      const { format, filter = (text) => text } = chooseFormat(name, { header: true, nullText: '' }, true);
      const evil = '\x1b]52;c;eA==\x07\u009b31m\u202e\x7f';
      const text =
        format.begin([{ name: evil, type: 25 }]) + format.row([evil]) + format.end() + format.close();
      expect(filter(text)).not.toMatch(/[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]/);
    },
  );

  it.each(['csv', 'json', 'ndjson'] as const)('%s leaves a file every byte', (name) => {
    expect(chooseFormat(name, { header: true, nullText: '' }, false).filter).toBeUndefined();
  });
});
