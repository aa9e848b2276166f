import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mayWrite } from '../../support/may-write.ts';
import { hasProgram } from '../../support/programs.ts';
import { keys } from '../../support/pty.ts';
import { startTestSandbox, type TestSandbox } from '../../support/sandbox.ts';

const psql = hasProgram('psql', 'forge db connect with psql');

let sandbox: TestSandbox;
beforeAll(async () => {
  sandbox = await startTestSandbox();
  await Promise.all([sandbox.signIn('dana'), sandbox.signIn('casey')]);
}, 60_000);
afterAll(() => sandbox[Symbol.asyncDispose]());

const home = (person: string) => sandbox.environment({ person }).HOME ?? '';
/** Private folders of psql runs that are still there. */
function leftovers(person: string): string[] {
  const folder = join(home(person), '.cache', 'forge', 'psql');
  return existsSync(folder) ? readdirSync(folder) : [];
}

/** A PATH without psql. */
async function pathWithout(): Promise<string> {
  const folder = join(home('dana'), 'no-psql');
  await mkdir(folder, { recursive: true });
  await symlink(process.execPath, join(folder, 'node')).catch(() => {});
  return folder;
}

describe.skipIf(!psql)('with psql', () => {
  it('runs it on the database, passes its output and exit code on, and leaves nothing behind', async () => {
    const run = await sandbox.forge([
      'db',
      'connect',
      'dev',
      '--reason',
      'INC-1',
      '--',
      '-Atc',
      "select current_user, current_database(), current_setting('application_name'), (select ssl from pg_stat_ssl where pid = pg_backend_pid())",
    ]);
    expect(run).toMatchObject({ code: 0, stderr: '' });
    expect(run.stdout).toMatch(/^developer\|shop_dev\|forge\/dana@tapp\.example\/INC-1\|/);
    const failed = await sandbox.forge(['db', 'connect', 'dev', '--', '-c', 'selec']);
    expect(failed).toMatchObject({ code: 1, stdout: '' });
    expect(failed.stderr).toContain('ERROR:  syntax error');
    const script = await sandbox.forge(['db', 'connect', 'dev', '--', '-v', 'ON_ERROR_STOP=1', '-f', '-'], {
      stdin: 'select 1/0;',
    });
    expect(script.code).toBe(3);
    expect(leftovers('dana')).toEqual([]);
  });

  it('hands psql the token in its environment, and nobody anything in argv', async () => {
    const run = await sandbox.forge([
      'db',
      'connect',
      'dev',
      '--',
      '-At',
      '-c',
      '\\! cat /proc/$PPID/cmdline | tr "\\0" " "; echo; env | grep ^PG',
    ]);
    const [argv = '', ...env] = run.stdout.split('\n');
    expect(argv).toMatch(/psql -At -c/);
    expect(argv).not.toMatch(/X-Amz|Signature/);
    const names = env.map((line) => line.split('=')[0]);
    expect(names).toEqual(
      expect.arrayContaining(['PGPASSWORD', 'PGHOST', 'PGHOSTADDR', 'PGSSLMODE', 'PGSSLROOTCERT']),
    );
    expect(env).toContain('PGSSLMODE=verify-full');
    expect(env).toContain('PGHOST=dev-shop.cluster-c9forge0abcd.us-east-1.rds.amazonaws.com');
    expect(env).toContain('PGHOSTADDR=127.0.0.1');
  });

  it('opens production read-only, with limits, whatever PGOPTIONS says', async () => {
    const run = await sandbox.forge(
      [
        'db',
        'connect',
        'prod-wealth',
        '--',
        '-At',
        '-c',
        'show default_transaction_read_only',
        '-c',
        'show lock_timeout',
        '-c',
        'select pg_is_in_recovery()',
        '-c',
        'delete from orders',
      ],
      { person: 'casey', env: { PGOPTIONS: '-c default_transaction_read_only=off', PGHOST: 'elsewhere' } },
    );
    expect(run.stdout).toBe('on\n2s\nt\n');
    expect(run.stderr).toMatch(/ERROR: +This statement was not sent, for this connection is read-only: /);
    expect(run.code).toBe(1);
  });

  it('in a terminal shows where it is, in red for production; Ctrl-C is psql’s; its own .psqlrc holds', async () => {
    writeFileSync(
      join(home('casey'), '.psqlrc'),
      "\\set PROMPT1 'mine> '\n\\set GREETING 'from my own file'\n",
    );
    using terminal = await sandbox.pty(['db', 'connect', 'prod-wealth'], { person: 'casey' });
    await terminal.waitFor(/Connected to a reader of prod-wealth: database wealth as forge_ro, read-only/);
    await terminal.waitFor(/\x1b\[1;97;41m prod-wealth RO \x1b\[0m forge_ro@wealth=> /);
    terminal.write(`\\echo :GREETING${keys.enter}`);
    await terminal.waitFor(/\rfrom my own file/);
    // Ctrl-C throws away what psql has not read yet: it is pressed when the query is on its way.
    terminal.write(`\\echo running \\\\ select pg_sleep(30);${keys.enter}`);
    await terminal.waitFor(/[\r\n]running/);
    const pressing = setInterval(() => terminal.write(keys.ctrlC), 500);
    await terminal.waitFor(/canceling statement due to user request/).finally(() => clearInterval(pressing));
    // One more may be on its way, and would throw away what is typed before it.
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    terminal.write(`\\q${keys.enter}`);
    expect(await terminal.exit).toBe(0);
    expect(leftovers('casey')).toEqual([]);
  });

  it('ends psql and cleans up when it is terminated; the next run cleans up after one that was killed', async () => {
    const wait = (seconds: number) => ['db', 'connect', 'dev', '--', '-c', `select pg_sleep(${seconds})`];
    const ended = await sandbox.forge(wait(30), { signal: { name: 'SIGTERM', afterMs: 1_500 } });
    expect(ended).toMatchObject({ code: 143 });
    expect(ended.durationMs).toBeLessThan(25_000);
    expect(leftovers('dana')).toEqual([]);
    // psql outlives a forge that is killed, and holds its streams.
    await sandbox.forge(wait(4), { signal: { name: 'SIGKILL', afterMs: 2_000 } });
    expect(leftovers('dana')).toHaveLength(1);
    expect((await sandbox.forge(['db', 'connect', 'dev', '--', '-c', 'select 1'])).code).toBe(0);
    expect(leftovers('dana')).toEqual([]);
  });

  it('refuses arguments that would lead the token elsewhere', async () => {
    const run = await sandbox.forge(['db', 'connect', 'dev', '--', '-h', 'evil.example']);
    expect(run).toMatchObject({ code: 2, stdout: '' });
    expect(run.stderr).toMatch(/psql's --host would change where psql connects.*\nUse forge's own --host/);
  });
});

describe('without psql', () => {
  it('opens the built-in shell', async () => {
    const run = await sandbox.forge(['db', 'connect', 'dev'], {
      env: { PATH: await pathWithout() },
      stdin: 'select 41 + 1 as answer;\n',
    });
    expect(run).toMatchObject({ code: 0 });
    expect(run.stdout).toMatch(/answer[\s\S]*42/);
  });

  it('says how to get on when psql is asked for', async () => {
    const env = { PATH: await pathWithout() };
    const asked = await sandbox.forge(['db', 'connect', 'dev', '--client', 'psql'], { env });
    expect(asked).toMatchObject({ code: 2, stderr: expect.stringContaining('--client builtin') });
    const args = await sandbox.forge(['db', 'connect', 'dev', '--', '-c', 'select 1'], { env });
    expect(args).toMatchObject({ code: 2, stderr: expect.stringContaining('forge db query') });
  });
});

describe('writing to production', () => {
  /** casey's sign-in, with the permission set that break-glass would give. */
  it('needs its name: by flag where nobody can be asked', async () => {
    const env = await mayWrite(sandbox, 'casey');
    const query = ['--client', 'builtin', '--reason', 'INC-9'];
    const without = await sandbox.forge(['db', 'connect', 'prod-wealth', '--write', ...query], {
      person: 'casey',
      env,
    });
    expect(without).toMatchObject({ code: 2, stderr: expect.stringContaining('Add --confirm prod-wealth') });
    const wrong = await sandbox.forge(
      ['db', 'connect', 'prod-wealth', '--write', '--confirm', 'dev', ...query],
      { person: 'casey', env },
    );
    expect(wrong).toMatchObject({ code: 2, stderr: expect.stringContaining('the target is prod-wealth') });
    const right = await sandbox.forge(
      ['db', 'connect', 'prod-wealth', '--write', '--confirm', 'prod-wealth', ...query],
      {
        person: 'casey',
        env,
        stdin:
          'create temp table t (a int); insert into t values (1); select current_user, pg_is_in_recovery();\n',
      },
    );
    expect(right.stderr).toContain('This is production: database wealth on prod-wealth.cluster-c9forge0abcd');
    expect(right).toMatchObject({ code: 0, stdout: expect.stringMatching(/forge_rw[^\n]*f/) });
    const alone = await sandbox.forge(
      ['db', 'connect', 'prod-wealth', '--write', '--confirm', 'prod-wealth', '--max-rows', '5', ...query],
      { person: 'casey', env, stdin: 'create temp table t (a int); delete from t where a = 1;\n' },
    );
    expect(alone.stderr).toContain('when it changes more than 5 rows');
    expect(alone.code).not.toBe(0);
  });

  it.skipIf(!psql)('lets a script say the word that the run before was given', async () => {
    const env = await mayWrite(sandbox, 'casey');
    const run = (sql: string) => {
      const line = ['prod-wealth', '--write', '--confirm', 'prod-wealth', '--max-rows', '0', '--', '-c', sql];
      return sandbox.forge(['db', 'connect', ...line], { person: 'casey', env });
    };
    const sql = "update orders set note = 'script'";
    const refused = await run(sql);
    expect([refused.code, refused.stderr]).toEqual([
      1,
      expect.stringContaining('UPDATE orders without WHERE'),
    ]);
    const word = /forge:confirm=prod-wealth-[0-9a-f]{6}/.exec(refused.stderr)?.[0];
    expect(await run(`/* ${word} */ ${sql}`)).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^UPDATE \d+$/m),
    });
    expect(await run(`/* ${word} */ ${sql}`)).toMatchObject({ code: 1 });
  });

  it('is asked for at a terminal, and anything but the name ends it', async () => {
    const env = await mayWrite(sandbox, 'casey');
    using refused = await sandbox.pty(['db', 'connect', 'prod-wealth', '--write'], { person: 'casey', env });
    await refused.waitFor(/as forge_rw, open for writing/);
    await refused.waitFor(/Type prod-wealth to go on/);
    refused.write(`y${keys.enter}`);
    await refused.waitFor(/Nothing was done/);
    expect(await refused.exit).toBe(2);
    if (!psql) return;
    using accepted = await sandbox.pty(['db', 'connect', 'prod-wealth', '--write'], { person: 'casey', env });
    await accepted.waitFor(/Type prod-wealth to go on/);
    accepted.write(`prod-wealth${keys.enter}`);
    await accepted.waitFor(/AUTOCOMMIT is off/);
    await accepted.waitFor(/ prod-wealth RW \x1b\[0m forge_rw@wealth=> /);
    accepted.write(`select 1;${keys.enter}`);
    // The star: a transaction is open.
    await accepted.waitFor(/forge_rw@wealth=\*> /);
    accepted.write(`rollback;${keys.enter}`);
    // A Ctrl-D that comes before the prompt is lost between two modes of the terminal.
    await accepted.waitFor(/ROLLBACK[\s\S]*forge_rw@wealth=> /);
    accepted.write(`create temp table t as select 1 as a; commit;${keys.enter}`);
    await accepted.waitFor(/COMMIT[\s\S]*forge_rw@wealth=> /);
    accepted.write(`delete from t;${keys.enter}`);
    // psql goes back to its savepoint: the transaction stays open.
    const asked = /DELETE FROM t without WHERE[\s\S]*(forge:confirm=prod-wealth-[0-9a-f]{6}) [\s\S]*=\*> /;
    const [, word = ''] = await accepted.waitFor(asked);
    accepted.write(`/* ${word} */ delete from t;${keys.enter}`);
    await accepted.waitFor(/DELETE 1[\s\S]*forge_rw@wealth=\*> /);
    accepted.write(`commit;${keys.enter}`);
    await accepted.waitFor(/COMMIT[\s\S]*forge_rw@wealth=> /);
    accepted.write(keys.ctrlD);
    expect(await accepted.exit).toBe(0);
  });

  it('is denied to whoever only reads, in words that say what is missing', async () => {
    const run = await sandbox.forge(['db', 'connect', 'prod-wealth', '--write', '--confirm', 'prod-wealth'], {
      person: 'casey',
    });
    expect(run.code).toBe(5);
    expect(run.stderr).toContain('sts:AssumeRole');
  });
});

it('--plan tells the whole way, and goes none of it', async () => {
  const before = await sandbox.admin.calls();
  const run = await sandbox.forge(['db', 'connect', 'dev', '--plan', '--output', 'json']);
  expect(run.code).toBe(0);
  const plan = JSON.parse(run.stdout) as { steps: { action?: string }[]; equivalents: string[] };
  expect(plan.steps.flatMap(({ action }) => action ?? [])).toContain('rds-db:connect');
  expect(plan.equivalents.at(-1)).toMatch(/^psql "host=/);
  expect(await sandbox.admin.calls()).toEqual(before);
});
