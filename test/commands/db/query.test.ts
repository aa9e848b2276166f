import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mayWrite } from '../../support/may-write.ts';
import { keys } from '../../support/pty.ts';
import { startTestSandbox, type TestSandbox } from '../../support/sandbox.ts';
import { slowness } from '../../support/slowness.ts';

let sandbox: TestSandbox;
beforeAll(async () => {
  sandbox = await startTestSandbox();
  await sandbox.signIn('dana');
  await sandbox.signIn('casey');
}, 120_000);
afterAll(async () => {
  await sandbox[Symbol.asyncDispose]();
});

const query = (...args: string[]) => sandbox.forge(['db', 'query', ...args]);

/** Statements of forge that run on the server now. */
async function running(fragment: string): Promise<number> {
  const { rows } = await sandbox.postgres.admin.query(
    `select 1 from pg_stat_activity where state = 'active' and pid <> pg_backend_pid() and position($1 in query) > 0`,
    [fragment],
  );
  return rows.length;
}

describe('forge db query, the built binary through SSO, STS, an auth token and TLS', () => {
  it('prints a table; rows on stdout and nothing on stderr', async () => {
    expect(await query('dev', 'select 1 as n, null as nothing')).toMatchObject({
      code: 0,
      stdout: ' n | nothing \n---+---------\n 1 | \n(1 row)\n\n',
      stderr: '',
    });
  });

  it.each([
    ['csv', 'a,b\n1,"x,y"\n'],
    ['json', '[\n{"a":1,"b":"x,y"}\n]\n'],
    ['ndjson', '{"a":1,"b":"x,y"}\n'],
  ])('--output %s', async (format, stdout) => {
    expect(await query('dev', `select 1 as a, 'x,y' as b`, '--output', format)).toMatchObject({
      code: 0,
      stdout,
    });
  });

  it('takes parameters, --null and --no-header', async () => {
    const args = ['--param', '-5', '--param', "it's", '--null', '?', '--no-header', '--output', 'csv'];
    const { stdout } = await query('dev', 'select $1::int, $2, null', ...args);
    expect(stdout).toBe("-5,it's,?\n");
  });

  it('reads stdin, and says what statements did on stderr', async () => {
    const stdin = `create temp table t(a int); insert into t values (1), (2);\n-- done\nselect sum(a) as s from t;`;
    const ran = await sandbox.forge(['db', 'query', 'dev', '--output', 'csv'], { stdin });
    expect(ran).toMatchObject({ code: 0, stdout: 's\n3\n', stderr: 'CREATE TABLE\nINSERT 0 2\n' });
  });

  it('--quiet leaves only the result', async () => {
    expect(await query('dev', 'create temp table t(a int)', '--quiet')).toMatchObject({
      code: 0,
      stdout: '',
      stderr: '',
    });
  });

  it('a refused statement: sentence, place, exit 1; as JSON for scripts', async () => {
    const shown = await query('dev', 'select * from nope');
    expect(shown.code).toBe(1);
    expect(shown.stdout).toBe('');
    expect(shown.stderr).toBe(
      'Error: relation "nope" does not exist (SQLSTATE 42P01), line 1, column 15:\n  select * from nope\n                ^\n',
    );
    const json = await query('dev', 'select * from nope', '--output', 'json');
    expect(json).toMatchObject({ code: 1, stdout: '' });
    expect(JSON.parse(json.stderr)).toMatchObject({ error: { code: 'SQLSTATE_42P01' } });
  });

  it('a missing privilege is exit 5', async () => {
    expect(await query('dev', 'create role somebody')).toMatchObject({ code: 5 });
  });

  it('production is read-only and says how to write; --write needs the name', async () => {
    const casey = (...args: string[]) =>
      sandbox.forge(['db', 'query', 'prod-wealth', ...args], { person: 'casey' });
    expect(await casey('select 1 as n', '--output', 'csv')).toMatchObject({ code: 0, stdout: 'n\n1\n' });
    const refused = await casey('update orders set note = note');
    expect(refused).toMatchObject({ code: 1, stdout: '' });
    expect(refused.stderr).toContain('for this connection is read-only: UPDATE writes (SQLSTATE 25006)');
    expect(refused.stderr).toContain('This connection is read-only. To write: --write --confirm prod-wealth');
    expect(await casey('update orders set note = note', '--write')).toMatchObject({ code: 2, stdout: '' });
    expect((await casey('update orders set note = note', '--write')).stderr).toContain(
      '--confirm prod-wealth',
    );
  });

  it('usage errors ask nothing of AWS', async () => {
    const before = JSON.stringify(await sandbox.admin.calls());
    expect(await query('dev')).toMatchObject({ code: 2 });
    expect(await query('dev', 'select 1', '-f', 'x.sql')).toMatchObject({ code: 2 });
    expect(await query('dev', 'select 1; select $1', '--param', 'x')).toMatchObject({ code: 2 });
    expect(await query('dev', 'select 1', '--output', 'xml')).toMatchObject({ code: 2 });
    expect(await query('dev', 'select 1', '--timeout', 'soon')).toMatchObject({ code: 2 });
    expect(await query('nowhere', 'select 1')).toMatchObject({ code: 2 });
    expect(JSON.stringify(await sandbox.admin.calls())).toBe(before);
  });

  it('--plan shows it all and does nothing', async () => {
    const before = JSON.stringify(await sandbox.admin.calls());
    const { code, stdout } = await query('dev', `select 'it''s'`, '--output', 'csv', '--plan');
    expect(code).toBe(0);
    expect(stdout).toContain('rds-db:connect');
    expect(stdout).toContain(`--csv -c 'select '\\''it'\\'''\\''s'\\'''`);
    expect(stdout).toContain('Nothing was done');
    expect(JSON.stringify(await sandbox.admin.calls())).toBe(before);
  });

  it('Ctrl-C cancels on the server: exit 130', async () => {
    const sleeping = `select 'ctrl-c', pg_sleep(60)`;
    const press = new AbortController();
    const ran = sandbox.forge(['db', 'query', 'dev', sleeping], { interrupt: press.signal });
    await expect.poll(() => running(sleeping), { timeout: 20_000 }).toBe(1);
    const pressed = performance.now();
    press.abort();
    const { code, stderr } = await ran;
    const took = performance.now() - pressed;
    expect(code).toBe(130);
    expect(stderr).toBe('Interrupted; the query was cancelled on the server.\n');
    expect(took).toBeLessThan(1_000 * (await slowness()));
    expect(await running(sleeping)).toBe(0);
  });

  it('a reader that has enough ends it on the server, silently', async () => {
    const endless = 'select generate_series(1, 2000000000) as endless';
    const script = `"$1" "$2" db query dev "$3" --output csv | head -n 2; echo "${'$'}{PIPESTATUS[0]}"`;
    const forge = (await import('../../support/built-forge.ts')).builtForge;
    const ran = await sandbox.run('bash', ['-c', script, 'bash', process.execPath, await forge(), endless]);
    expect(ran).toMatchObject({ stdout: 'endless\n1\n141\n', stderr: '' });
    expect(ran.durationMs).toBeLessThan(5_000 * (await slowness()));
    await expect.poll(() => running(endless)).toBe(0);
  });

  it.each([
    ['-- all of them\nselect 1', 'Put a space before it, or give the SQL by -f or stdin.'],
    [String.raw`\d orders`, String.raw`forge db connect dev -- -c '\d orders'`],
  ])('what is no SQL, or not taken for it, is told what to type: %j', async (sql, hint) => {
    const { code, stdout, stderr } = await query('dev', sql);
    expect([code, stdout, stderr]).toEqual([2, '', expect.stringContaining(hint)]);
    expect((await query('dev', ` ${sql}`)).code).toBe(sql.startsWith('-') ? 0 : 2);
  });

  it('--timeout cancels on the server', async () => {
    const { code, stderr } = await query('dev', 'select pg_sleep(60)', '--timeout', '300ms');
    expect(code).toBe(7);
    expect(stderr).toContain('The time limit of 0.3 s is over; the query was cancelled on the server.');
  });

  it('a server that ends in the middle: exit 6', async () => {
    const statement = `select 'doomed', pg_sleep(0.01) from generate_series(1, 100000)`;
    const ran = query('dev', statement, '--output', 'csv');
    await expect.poll(() => running(statement), { timeout: 20_000 }).toBe(1);
    await sleep(300);
    await sandbox.postgres.admin.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where position($1 in query) > 0 and pid <> pg_backend_pid()`,
      [statement],
    );
    const { code, stderr } = await ran;
    expect(code).toBe(6);
    expect(stderr).toContain(
      'The database closed the connection: terminating connection due to administrator command',
    );
  });

  it('a row that no memory should hold is refused', async () => {
    const { code, stderr } = await query('dev', `select repeat('x', 300000000)`, '--output', 'csv');
    expect(stderr).toContain('A single row is larger than 256 MiB');
    expect(code).toBe(1);
  });

  it('what a value does to a terminal: nothing', async () => {
    for (const format of ['table', 'csv', 'json', 'ndjson']) {
      using terminal = await sandbox.pty([
        'db',
        'query',
        'dev',
        `select E'a\\x1b]0;pwned\\x07b' as v`,
        '--output',
        format,
      ]);
      expect(await terminal.exit).toBe(0);
      expect(terminal.text()).toContain('pwned');
      expect(terminal.text()).not.toContain('\x1b]0;');
    }
  });
});

describe('--write in production', () => {
  const line = (sql: string, ...more: string[]) => [
    ...['db', 'query', 'prod-wealth', sql, '--reason', 'INC-9', '--write'],
    ...more,
  ];
  const named = ['--confirm', 'prod-wealth'];
  const notes = async (env: NodeJS.ProcessEnv) => {
    const sql = "select string_agg(distinct coalesce(note, '-'), ',') as n from orders where id < 4";
    const run = await sandbox.forge(line(sql, ...named, '--output', 'csv'), { person: 'casey', env });
    return run.stdout.split('\n')[1];
  };

  it('commits what changes few rows, and keeps nothing of what changes more', async () => {
    const env = await mayWrite(sandbox, 'casey');
    const run = (sql: string, ...more: string[]) =>
      sandbox.forge(line(sql, ...named, ...more), { person: 'casey', env });
    const few = await run("update orders set note = 'few' where id < 4");
    expect(few).toMatchObject({ code: 0, stderr: expect.stringMatching(/UPDATE 3\nCOMMIT\n$/) });
    expect(await notes(env)).toBe('few');
    const many = await run("update orders set note = 'many' where id < 4", '--max-rows', '2');
    expect(many).toMatchObject({ code: 1, stdout: '' });
    expect(many.stderr).toMatch(
      /UPDATE 3\nError: UPDATE 3 is more than the 2 rows[^\n]*nothing of it is kept/,
    );
    expect(many.stderr).toContain('--max-rows 50000');
    const later = await run(
      "update orders set note = 'many' where id < 4; select 1 as n",
      ...['--max-rows', '2', '--output', 'json'],
    );
    expect(JSON.parse(later.stderr.trim().split('\n').at(-1) ?? '')).toMatchObject({
      error: { code: 'TOO_MANY_ROWS' },
    });
    const own = await run("begin; update orders set note = 'own' where id = 1; commit");
    expect(own).toMatchObject({ code: 2, stderr: expect.stringContaining("can't say COMMIT itself") });
    expect(await notes(env)).toBe('few');
    const uncounted = await run(
      'begin; update orders set note = $$own$$ where id < 4; commit',
      ...['--max-rows', '0'],
    );
    expect(uncounted.code, uncounted.stderr).toBe(0);
    expect(await notes(env)).toBe('own');
    const bound = await run('update orders set note = $1 where id < $2', '--param', 'bound', '--param', '4');
    expect(bound.code, bound.stderr).toBe(0);
    expect(await notes(env)).toBe('bound');
  });

  it('asks about what hits everything: by a word of the refusal, once, or at the terminal', async () => {
    const env = await mayWrite(sandbox, 'casey');
    const sql = "update orders set note = 'every'";
    const run = (...more: string[]) => sandbox.forge(line(sql, ...more), { person: 'casey', env });
    const before = await notes(env);
    const calls = await sandbox.admin.calls();
    const refused = await run(...named);
    expect(refused).toMatchObject({ code: 2, stdout: '' });
    expect(refused.stderr).toContain('prod-wealth is production: UPDATE orders without WHERE.');
    const [, word = ''] =
      /--confirm (prod-wealth-[0-9a-f]{6}) \(for this text, once/.exec(refused.stderr) ?? [];
    expect((await run('--confirm', 'prod-wealth-000000')).stderr).toContain(`--confirm ${word} (`);
    const harmless = ["update orders set note = 'x' where id = 1", '--confirm', word] as const;
    const mismatch = await sandbox.forge(line(...harmless), { person: 'casey', env });
    expect(mismatch).toMatchObject({ code: 2, stderr: expect.stringContaining('the target is prod-wealth') });
    // Nothing was opened.
    expect(await sandbox.admin.calls()).toEqual(calls);
    expect((await run()).stderr).toContain('Add --confirm prod-wealth');
    expect(await notes(env)).toBe(before);
    const done = await run('--confirm', word);
    expect(done).toMatchObject({ code: 0, stderr: expect.stringMatching(/UPDATE \d+\nCOMMIT\n$/) });
    expect(await notes(env)).toBe('every');
    const again = await run('--confirm', word);
    expect(again).toMatchObject({ code: 2, stderr: expect.not.stringContaining(`--confirm ${word} (`) });
    for (const [typed, code] of [
      ['y', 2],
      ['prod-wealth', 0],
    ] as const) {
      using terminal = await sandbox.pty(line(`${sql} || 'one'`, ...named), { person: 'casey', env });
      await terminal.waitFor(/open for writing[\s\S]*UPDATE orders without WHERE\.[\s\S]*Type prod-wealth/);
      terminal.write(`${typed}${keys.enter}`);
      expect(await terminal.exit).toBe(code);
      expect(await notes(env)).toBe(code === 0 ? 'everyone' : 'every');
    }
  });
});

describe('forge db connect --client builtin', () => {
  it('is the built-in shell on a real session', async () => {
    using terminal = await sandbox.pty(['db', 'connect', 'dev', '--client', 'builtin']);
    await terminal.waitFor(/dev RW=>/);
    terminal.write('select current_user;\r');
    await terminal.waitFor(/developer[\s\S]*dev RW=>/);
    terminal.write('\\d orders\r');
    await terminal.waitFor(/"orders_pkey" PRIMARY KEY[\s\S]*dev RW=>/);
    terminal.write('select pg_sleep(60);\r');
    await expect.poll(() => running('select pg_sleep(60);'), { timeout: 20_000 }).toBe(1);
    terminal.write('\x03');
    await terminal.waitFor(/cancelled on the server[\s\S]*dev RW=>/);
    terminal.write('\\q\r');
    expect(await terminal.exit).toBe(0);
  });
});
