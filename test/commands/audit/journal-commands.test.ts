import { createHash } from 'node:crypto';
import { appendFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AuditEvent } from '../../../src/audit/audit-events.ts';
import { appendToJournal, journalFolder } from '../../../src/audit/journal.ts';
import { encodeRecord, firstPrevious, type JournalEvent } from '../../../src/audit/journal-record.ts';
import { main } from '../../../src/main.ts';
import { createTestHost, type TestHost } from '../../support/test-host.ts';

let host: TestHost;
beforeEach(() => {
  host = createTestHost();
});
afterEach(() => host.dispose());

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** In the same home, with streams of its own. */
async function forge(...argv: string[]): Promise<Ran> {
  const { directories, env } = host;
  const other = createTestHost({ directories, env, now: () => host.now() });
  try {
    const code = await main(['audit', ...argv], other);
    return { code, out: other.out(), err: other.err() };
  } finally {
    other.dispose();
  }
}

const grant = 'BG-01KAJ2K3W0000000000000C7F3';
const uuid = (n: number) => `${String(n).padStart(8, '0')}-0000-4000-8000-000000000000`;
const opened = (n: number, more: object = {}): JournalEvent => ({
  type: 'access.opened',
  id: uuid(n),
  target: `dev/shop-${n}`,
  environment: 'dev',
  purpose: 'db connect',
  write: false,
  person: 'dana@tapp.example',
  ...more,
});

async function write(...events: readonly JournalEvent[]): Promise<void> {
  for (const event of events) await appendToJournal(host, event as AuditEvent);
}

function journalFile(): string {
  const folder = journalFolder(host);
  return join(
    folder,
    readdirSync(folder)
      .filter((name) => name.endsWith('.jsonl'))
      .sort()
      .at(-1) ?? '',
  );
}

/** A chain of `count` accesses with their ends, written at once. */
function writeMany(count: number): void {
  let previous = firstPrevious;
  let text = '';
  for (let n = 0; n < count; n++) {
    for (const event of [
      opened(n, { breakglass: `BG-01KAJ2K3W0${String(n).padStart(16, '0')}` }),
      { type: 'access.closed', id: uuid(n), outcome: 'ended', milliseconds: n },
    ]) {
      const record = encodeRecord(host.now(), previous, event);
      text += `${record.line}\n`;
      previous = record.hash;
    }
  }
  mkdirSync(journalFolder(host), { recursive: true, mode: 0o700 });
  const name = `${new Date(host.now()).toISOString().slice(0, 7)}.jsonl`;
  writeFileSync(join(journalFolder(host), name), text, { mode: 0o600 });
}

describe('forge audit list', () => {
  it('says what was done, with its end, the newest first', async () => {
    await write(
      opened(1),
      { type: 'access.closed', id: uuid(1), outcome: 'failed', code: 'PSQL_FAILED', milliseconds: 61_000 },
      {
        type: 'access.refused',
        id: uuid(2),
        purpose: 'ssm',
        target: 'prod/a',
        environment: 'prod',
        code: 'NO_ACCESS',
      },
      {
        type: 'breakglass.requested',
        id: grant,
        environment: 'prod',
        person: 'dana@tapp.example',
        reason: 'orders stuck',
      },
      opened(3, { breakglass: grant, write: true, environment: 'prod' }),
    );
    const { code, out } = await forge('list');
    expect(code).toBe(0);
    const [head, ...lines] = out.trimEnd().split('\n');
    expect(head).toMatch(/^WHEN +WHO +WHAT +TARGET +OUTCOME +TIME +ID +GRANT +REASON +PROGRAM$/);
    expect(lines).toHaveLength(4);
    expect(lines[0]).toMatch(
      /Z {2}dana@tapp\.example +db connect \(write\) +dev\/shop-3 +00000003 +bg-c7f3$/,
    );
    expect(lines[1]).toMatch(/breakglass requested +prod +bg-c7f3 +orders stuck$/);
    expect(lines[2]).toMatch(/ssm +prod\/a +refused NO_ACCESS +00000002$/);
    expect(lines[3]).toMatch(/db connect +dev\/shop-1 +failed PSQL_FAILED +1 min +00000001$/);
  });

  it('is one shape for scripts, and takes only what was asked for', async () => {
    await write(opened(1, { environment: 'prod' }));
    host.shiftClock(40 * 86_400_000);
    await write(opened(2), opened(3, { environment: 'prod' }));
    const ids = async (...argv: string[]) =>
      (JSON.parse((await forge('list', '--output', 'json', ...argv)).out) as { id: string }[]).map(
        ({ id }) => id,
      );
    expect(await ids()).toEqual([uuid(3), uuid(2), uuid(1)]);
    expect(await ids('--env', 'prod')).toEqual([uuid(3), uuid(1)]);
    expect(await ids('--since', '7d')).toEqual([uuid(3), uuid(2)]);
    expect(await ids('--since', new Date(host.now() + 86_400_000).toISOString().slice(0, 10))).toEqual([]);
    expect(await ids('--limit', '1')).toEqual([uuid(3)]);
    const [first] = JSON.parse((await forge('list', '--output', 'json')).out) as object[];
    expect(first).toEqual({
      at: expect.stringMatching(/Z$/),
      id: uuid(3),
      person: 'dana@tapp.example',
      what: 'db connect',
      environment: 'prod',
      target: 'dev/shop-3',
      program: null,
      write: false,
      reason: null,
      grant: null,
      outcome: null,
      code: null,
      milliseconds: null,
      statements: null,
    });
  });

  it('has 50 of thousands, says that there are more, and is quick about it', async () => {
    writeMany(10_000);
    const started = performance.now();
    const { out, err } = await forge('list');
    expect(out.trimEnd().split('\n')).toHaveLength(51);
    expect(err).toContain('There is more before that');
    const all = await forge('list', '--all', '--output', 'json');
    expect(JSON.parse(all.out)).toHaveLength(10_000);
    expect((await forge('list', '--all')).out).toMatch(/ bg-9999\n.* bg-0000\n/s);
    // A tenth of that on a quiet machine.
    expect(performance.now() - started).toBeLessThan(10_000);
  });

  it('without a journal has nothing, and says so', async () => {
    expect(await forge('list')).toMatchObject({
      code: 0,
      out: '',
      err: expect.stringContaining('nothing of that'),
    });
    expect((await forge('list', '--output', 'json')).out).toBe('[]\n');
  });

  it.each(['yesterday', '0s', '-1h', '2026-13-01', '2026-11-01T08:00'])(
    '--since %s is a usage error',
    async (since) => {
      expect(await forge('list', `--since=${since}`)).toMatchObject({
        code: 2,
        err: expect.stringContaining('--since'),
      });
    },
  );

  it('escapes what others may have written, and tells of lines that are none', async () => {
    await write(opened(1, { reason: 'a\u001b]0;owned\u0007b\u202e' }));
    appendFileSync(journalFile(), 'rubbish\n');
    const { out, err } = await forge('list');
    expect(out).toContain('a\\x1b]0;owned\\x07b\\u{202e}');
    expect(err).toContain('1 line of the journal is no record');
  });
});

describe('forge audit show', () => {
  it('shows all records of an access, by a part of its id', async () => {
    await write(
      opened(1),
      opened(2),
      { type: 'access.instances', id: uuid(1), instances: 'i-1 i-2' },
      { type: 'access.closed', id: uuid(1), outcome: 'ended', milliseconds: 5 },
    );
    const { code, out } = await forge('show', '00000001');
    expect(code).toBe(0);
    expect(out.match(/access\.\w+/g)).toEqual(['access.opened', 'access.instances', 'access.closed']);
    expect(out).toContain('i-1 i-2');
    const json = JSON.parse((await forge('show', uuid(2), '--output', 'json')).out) as { records: object[] };
    expect(json).toMatchObject({
      id: uuid(2),
      records: [{ type: 'access.opened', hash: expect.any(String) }],
    });
  });

  it.each([grant, 'bg-c7f3', 'BG-C7F3'])(
    'shows a break-glass session and what was done in it: %s',
    async (typed) => {
      await write(
        { type: 'breakglass.requested', id: grant },
        opened(1),
        opened(2, { breakglass: grant }),
        { type: 'access.closed', id: uuid(2), outcome: 'ended' },
        { type: 'breakglass.ended', id: grant },
      );
      const { out } = await forge('show', typed);
      expect(out.match(/(access|breakglass)\.\w+/g)).toEqual([
        'breakglass.requested',
        'access.opened',
        'access.closed',
        'breakglass.ended',
      ]);
      expect(out).not.toContain('shop-1');
    },
  );

  it('says when there is none, or more than one', async () => {
    await write(opened(1), opened(2));
    expect(await forge('show', 'bg-zzzz')).toMatchObject({
      code: 2,
      err: expect.stringContaining('no record of'),
    });
    expect(await forge('show', '0000')).toMatchObject({ code: 2, err: expect.stringContaining('any of 2') });
    expect(await forge('show', '000')).toMatchObject({
      code: 2,
      err: expect.stringContaining('no record of'),
    });
  });
});

describe('statements', () => {
  const id = uuid(7);
  const path = () => join(host.directories.state, 'streams', id, `statements-${id}.jsonl`);
  const said = { id, connection: 1, kind: 'query', application: 'psql', transaction: 'idle' };
  const events: readonly JournalEvent[] = [
    { type: 'statement', ...said, statement: 1, sql: 'select *\n\tfrom orders -- \x1b[31mred' },
    { type: 'outcome', id, statement: 1, end: 'done', tags: 'SELECT 2', rows: 2, milliseconds: 3.21 },
    {
      ...{ type: 'statement', ...said, statement: 2, kind: 'bind', sql: 'select $1, $2, $3' },
      values: JSON.stringify(["o'clock", null, { masked: true }]),
    },
    { type: 'outcome', id, statement: 2, end: 'failed', rows: 0, sqlState: '42P18', milliseconds: 12 },
    { type: 'statement', ...said, statement: 3, sql: 'drop table x' },
    { type: 'outcome', id, statement: 3, end: 'refused', rows: 0, sqlState: '25006', milliseconds: 0 },
    { type: 'statement', ...said, statement: 4, sql: 'begin' },
    ...[
      {
        type: 'outcome',
        id,
        statement: 4,
        end: 'done',
        tags: 'BEGIN',
        rows: 0,
        milliseconds: 1,
        transaction: 'open',
      },
    ],
    { type: 'statement', ...said, statement: 5, sql: 'select pg_sleep(9)' },
  ];

  /** A stream of the first `count` events, sealed behind the fourth and at its end, and the journal's word of it. */
  async function writeStream(count = events.length, closed = true): Promise<void> {
    const hash = createHash('sha256');
    let text = '';
    let head = '';
    const add = (event: object) => {
      const line = `${JSON.stringify({ at: new Date(host.now()).toISOString(), ...event })}\n`;
      hash.update(line);
      text += line;
    };
    const seal = () => {
      head = hash.copy().digest('hex');
      add({ type: 'seal', id, hash: head });
    };
    for (const [index, event] of events.slice(0, count).entries()) {
      add(event);
      if (index === 3) seal();
    }
    if (closed) seal();
    mkdirSync(dirname(path()), { recursive: true, mode: 0o700 });
    writeFileSync(path(), text, { mode: 0o600 });
    const file = `statements-${id}.jsonl`;
    const sha256 = createHash('sha256').update(text).digest('hex');
    const ends = { lines: count + 2, statements: 5, head, bytes: text.length, sha256 };
    await write(opened(7), { type: 'statements.opened', id, file });
    if (closed) await write({ type: 'statements.closed', id, file, ...ends });
  }

  it('read like a query log, escaped, with what became of each', async () => {
    await writeStream();
    const { code, out, err } = await forge('show', uuid(7).slice(0, 8), '--sql');
    expect([code, err]).toEqual([0, '']);
    const time = '<time>';
    expect(out.replace(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}Z/gm, time).split('\n')).toEqual([
      `${id}  dev/shop-7  dana@tapp.example`,
      `${time}  3.2 ms  SELECT, 2 rows (transaction: ?)  #1 psql`,
      '    select *',
      '    \\tfrom orders -- \\x1b[31mred',
      `${time}  12 ms  failed 42P18 (transaction: ?)  #1 psql`,
      '    select $1, $2, $3',
      "    $1 = 'o''clock'",
      '    $2 = NULL',
      '    $3 = *** (masked)',
      `${time}  0.0 ms  refused by forge 25006  #1 psql`,
      '    drop table x',
      `${time}  1.0 ms  BEGIN (transaction: open)  #1 psql`,
      '    begin',
      `${time}  unknown: the connection ended  #1 psql`,
      '    select pg_sleep(9)',
      '',
    ]);
    const json = JSON.parse((await forge('show', id, '--sql', '--output', 'json')).out);
    expect(json).toMatchObject([{ id, target: 'dev/shop-7', whole: true, path: path() }]);
    expect(json[0].statements.map(({ outcome }: { outcome: object | null }) => outcome)).toMatchObject([
      { end: 'done', rows: 2, sqlState: null },
      { end: 'failed', sqlState: '42P18' },
      { end: 'refused' },
      { end: 'done' },
      null,
    ]);
    expect(json[0].statements[1].values).toEqual(["o'clock", null, { masked: true }]);
    const listed = JSON.parse((await forge('list', '--output', 'json')).out);
    expect(listed).toMatchObject([{ id, statements: 5 }]);
  });

  it('are none where none were recorded', async () => {
    await write(opened(8));
    expect(await forge('show', uuid(8), '--sql')).toMatchObject({
      code: 2,
      err: expect.stringContaining('No statements of'),
    });
  });

  it('that were cut, changed, added to or taken away are found', async () => {
    const finding = async () => JSON.parse((await forge('verify', '--output', 'json')).out).finding;
    await writeStream();
    expect(await forge('verify')).toMatchObject({
      code: 0,
      out: expect.stringContaining('1 stream of statements'),
    });
    const whole = readFileSync(path(), 'utf8');
    const lines = whole.trimEnd().split('\n');
    const changes: readonly (readonly [string, number, RegExp])[] = [
      [`${lines.slice(0, -1).join('\n')}\n`, 11, /the end was cut off: the journal knows of 11 lines/],
      [whole.slice(0, -5), 11, /cut off/],
      [whole.replace('orders', 'others'), 1, /a line from here to 4 was changed/],
      [whole.replace('drop table x', 'select 1    '), 6, /a line from here to 10 was changed/],
      [`${lines.filter((_, index) => index !== 5).join('\n')}\n`, 6, /taken away: the seal in line 10/],
      [`${lines.filter((_, index) => index !== 4).join('\n')}\n`, 1, /a line from here to 9/],
      [whole.replace('"type":"seal"', '"type":"zeal"'), 5, /none of a record/],
      [whole.replace(lines[7] ?? '', '{}'), 8, /none of a record/],
      [`${whole}${lines[8]}\n`, 12, /was added/],
      [`${whole}{`, 11, /not what the journal says/],
    ];
    for (const [text, line, reason] of changes) {
      writeFileSync(path(), text, { mode: 0o600 });
      expect(await finding()).toEqual({ file: path(), line, reason: expect.stringMatching(reason) });
    }
    rmSync(path());
    expect(await finding()).toMatchObject({ reason: expect.stringContaining('not there any more') });
    expect(await forge('show', id, '--sql')).toMatchObject({
      code: 0,
      err: expect.stringContaining('not there any more'),
    });
  });

  it('of a forge that was killed are whole as far as they go', async () => {
    await writeStream(5, false);
    appendFileSync(path(), '{"at":"2026-');
    expect(await forge('verify')).toMatchObject({ code: 0 });
    expect((await forge('show', id, '--sql')).out).toContain('unknown: the connection ended');
  });
});

describe('forge audit verify', () => {
  it('finds nothing in a whole journal, nor in none', async () => {
    expect(await forge('verify')).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^whole {2}0 records/),
    });
    await write(opened(1), opened(2));
    host.shiftClock(40 * 86_400_000);
    await write(opened(3));
    expect(await forge('verify')).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^whole {2}3 records/),
    });
    expect(JSON.parse((await forge('verify', '--output', 'json')).out)).toEqual({
      ok: true,
      records: 3,
      streams: 0,
      torn: 0,
      finding: null,
    });
  });

  const lost = 'does not continue the record before it';
  const damages: readonly (readonly [string, (lines: string[]) => readonly string[], number, string])[] = [
    ['a line taken out', ([a = '', , ...rest]) => [a, ...rest], 2, lost],
    [
      'a word changed',
      ([a = '', b = '', ...rest]) => [a, b.replace('shop-2', 'shop-9'), ...rest],
      2,
      'not a record',
    ],
    ['two lines exchanged', ([a = '', b = '', c = '', d = '']) => [a, c, b, d], 2, lost],
    ['a line cut short', ([a = '', b = '', ...rest]) => [a, b.slice(0, -20), ...rest], 2, 'not a record'],
    ['a line said twice', ([a = '', ...rest]) => [a, a, ...rest], 2, lost],
    ['an empty line put in', ([a = '', ...rest]) => [a, '', ...rest], 2, 'not a record'],
    ['line ends of another system', (lines) => lines.map((line) => `${line}\r`), 1, 'not a record'],
    [
      'the last line cut short',
      (lines) => [...lines.slice(0, -1), (lines.at(-1) ?? '').slice(0, 40)],
      4,
      'not a record',
    ],
  ];
  it.each(damages)('names the place of %s', async (_, damage, line, reason) => {
    await write(opened(1), opened(2), opened(3), opened(4));
    const path = journalFile();
    const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
    writeFileSync(path, `${damage(lines).join('\n')}\n`);
    const { code, out } = await forge('verify');
    expect(code).toBe(1);
    expect(out).toContain(`${path}:${line}: `);
    expect(out).toContain(reason);
    const json = JSON.parse((await forge('verify', '--output', 'json')).out) as object;
    expect(json).toMatchObject({ ok: false, finding: { file: path, line } });
  });

  it('names the file that follows a month that was removed, and a beginning that is gone', async () => {
    await write(opened(1));
    const first = journalFile();
    for (const n of [2, 3]) {
      host.shiftClock(40 * 86_400_000);
      await write(opened(n));
    }
    const folder = journalFolder(host);
    const [, second = ''] = readdirSync(folder)
      .filter((name) => name.endsWith('.jsonl'))
      .sort();
    const kept = readFileSync(join(folder, second));
    rmSync(join(folder, second));
    expect(await forge('verify')).toMatchObject({
      code: 1,
      out: expect.stringContaining(`${journalFile()}:1: `),
    });
    writeFileSync(join(folder, second), kept, { mode: 0o600 });
    expect(await forge('verify')).toMatchObject({ code: 0 });
    rmSync(first);
    expect(await forge('verify')).toMatchObject({
      code: 1,
      out: expect.stringContaining('older records were taken away'),
    });
  });

  it('is 2 where it could not look', async () => {
    await write(opened(1));
    const path = journalFile();
    rmSync(path);
    mkdirSync(path);
    expect(await forge('verify')).toMatchObject({ code: 2, err: expect.stringContaining(path) });
    expect(await forge('verify', '--since', '7d')).toMatchObject({
      code: 2,
      err: expect.stringContaining('--archive'),
    });
    expect(await forge('verify', '--archive')).toMatchObject({
      code: 2,
      err: expect.stringContaining('forge.yaml'),
    });
  });
});

it('reads a journal of any bytes', async () => {
  const facts = fc.dictionary(
    fc.constantFrom(
      'id',
      'grant',
      'type',
      'at',
      'purpose',
      'outcome',
      'milliseconds',
      'statements',
      'write',
      'person',
      '__proto__',
    ),
    fc.oneof(
      fc.jsonValue(),
      fc.constantFrom('access.opened', 'access.closed', 'breakglass.x', grant, 'abcdef'),
    ),
  );
  const line = fc.oneof(
    fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)),
    facts.map((event) => Buffer.from(encodeRecord(0, firstPrevious, event as unknown as JournalEvent).line)),
  );
  mkdirSync(journalFolder(host), { recursive: true, mode: 0o700 });
  await fc.assert(
    fc.asyncProperty(fc.array(line, { maxLength: 8 }), async (lines) => {
      const bytes = Buffer.concat(lines.flatMap((each) => [each, Buffer.from('\n')]));
      writeFileSync(join(journalFolder(host), '2026-11.jsonl'), bytes, { mode: 0o600 });
      const runs = [await forge('list'), await forge('list', '--output', 'json', '--since', '2000-01-01')];
      for (const { code } of runs) expect(code).toBe(0);
      JSON.parse(runs[1]?.out ?? '');
      for (const run of runs) expect(run.out).not.toContain('\u001b');
      expect([0, 1]).toContain((await forge('verify')).code);
      expect([0, 2]).toContain((await forge('show', 'abcdef')).code);
      expect([0, 2]).toContain((await forge('show', grant)).code);
    }),
    { numRuns: 60 },
  );
});
