import { spawn, spawnSync } from 'node:child_process';
import { chmod, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { builtForge } from '../support/built-forge.ts';
import { startTestSandbox, type TestSandbox } from '../support/sandbox.ts';
import { slowness } from '../support/slowness.ts';
import { expectClearFailure, type FailingRun, type Failure } from './clear-failure.ts';
import { copyHome, expectTidy, listFiles } from './home-folder.ts';
import { startRelay } from './strange-servers.ts';

/** What goes wrong while forge works: AWS, the clock, the disk, the network. One after the other. */
let sandbox: TestSandbox;
let home: string;

beforeAll(async () => {
  sandbox = await startTestSandbox();
  home = await sandbox.newHome();
  await sandbox.signIn('dana', { home });
});
afterEach(async () => {
  await sandbox.admin.clearFaults();
  await sandbox.admin.setClock(0);
});
afterAll(() => sandbox?.[Symbol.asyncDispose]());

const fails = (run: Partial<FailingRun> & Pick<FailingRun, 'args'>, expected: Failure) =>
  expectClearFailure(sandbox, { home, ...run }, expected);
const fresh = async () => copyHome(home, await sandbox.newHome());
const select = ['db', 'query', 'dev', 'select 1'];

describe('AWS', () => {
  it.each([
    [503, 'ServiceUnavailableException', 'AWS_UNAVAILABLE', /not available|has trouble|503/],
    [500, 'InternalServerErrorException', 'AWS_UNAVAILABLE', /500|trouble/],
    [429, 'TooManyRequestsException', 'THROTTLED', /asks to slow down/],
  ] as const)('answers %i: tried again, then said', async (status, error, code, says) => {
    const fault = { service: 'sso', operation: 'GetRoleCredentials', status, error };
    await sandbox.admin.fault({ ...fault, times: 1 });
    const once = await sandbox.forge(['whoami', '--output', 'json'], { home: await fresh() });
    expect(once, once.stderr).toMatchObject({ code: 0, stderr: '' });
    await sandbox.admin.fault({ ...fault, times: 20 });
    await fails(
      { args: ['whoami'] },
      { kind: code === 'THROTTLED' ? 'failed' : 'unreachable', code, says, next: /[Tt]ry again/ },
    );
  });

  it('hangs up', async () => {
    await sandbox.admin.fault({ service: 'sts', operation: '*', drop: true, times: 20 });
    await fails(
      { args: ['whoami'] },
      { kind: 'unreachable', code: 'UNREACHABLE', says: /sts/, next: /try again/ },
    );
  });

  it('refuses to renew a sign-in', async () => {
    const expired = await fresh();
    await changeToken(expired, (record) => ({ ...record, expiresAt: '2020-01-01T00:00:00Z' }));
    await sandbox.admin.fault({
      service: 'sso-oidc',
      operation: 'CreateToken',
      status: 400,
      error: 'InvalidGrantException',
      times: 20,
    });
    await fails(
      { args: select, home: expired },
      { kind: 'signed-out', code: 'SIGNED_OUT', says: /Your sign-in has ended\.$/, next: /^forge login$/ },
    );
  });

  it('takes a permission set away', async () => {
    const nico = await sandbox.newHome();
    await sandbox.signIn('nico', { home: nico });
    const held = await sandbox.forge(['whoami', '--all', '--output', 'json'], { home: nico });
    const { environments } = JSON.parse(held.stdout) as {
      environments: { environment: string; account: string; permissionSet: string; held: boolean }[];
    };
    const one = environments.find((row) => row.held);
    expect(one).toBeDefined();
    if (one === undefined) return;
    await sandbox.admin.revoke('nico', one.account, one.permissionSet);
    const [run] = await fails(
      { args: ['whoami', one.environment, '--refresh'], home: nico },
      { kind: 'denied', code: 'ACCESS_DENIED', says: new RegExp(one.account), next: /forge whoami --all/ },
    );
    expect(run.stderr).not.toContain('Warning');
  });
});

describe('the clock', () => {
  it.each([20, -20])('is %i minutes off: forge signs by the clock of AWS', async (minutes) => {
    await sandbox.admin.setClock(minutes * 60_000);
    const copy = await fresh();
    const query = await sandbox.forge([...select, '--output', 'csv'], { home: copy });
    expect(query, query.stderr).toMatchObject({ code: 0, stdout: '?column?\n1\n' });
    // Nobody has to ask AWS now; the token is refused, AWS's clock is found out, and a second one is signed.
    const again = await sandbox.forge([...select, '--output', 'csv'], { home: copy });
    expect(again, again.stderr).toMatchObject({ code: 0, stdout: '?column?\n1\n' });
    await expectTidy(copy);
  });

  it('is off when somebody signs in: it is said', async () => {
    await sandbox.admin.setClock(-20 * 60_000);
    const run = await sandbox.forge(['login'], { home: await fresh() });
    expect(run).toMatchObject({
      code: 0,
      stderr: 'Warning: The clock of this machine is 20 min fast: AWS may refuse what it signs.\n',
    });
  });
});

describe('a HOME', () => {
  const root = process.getuid?.() === 0;

  /** A file system of 64 KiB, when root may mount one. */
  function mountSmall(folder: string, options: string): Disposable | undefined {
    const done = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=64k,mode=0700${options}`, 'none', folder]);
    if (done.status !== 0) return undefined;
    return {
      [Symbol.dispose]() {
        spawnSync('umount', ['-l', folder]);
      },
    };
  }

  it('that can not be written to: what needs no file works, sign-in says why not', async (context) => {
    const copy = await fresh();
    const empty = await sandbox.newHome();
    using mounted = root ? mountSmall(empty, ',ro') : undefined;
    if (root && mounted === undefined) return context.skip('root may not mount here');
    if (!root) await chmod(empty, 0o500);
    // The cache folder can't be made: everything goes on without.
    await rm(join(copy, '.cache'), { recursive: true, force: true });
    const run = await sandbox.forge([...select, '--output', 'csv'], {
      home: copy,
      env: { XDG_CACHE_HOME: empty, XDG_STATE_HOME: empty },
    });
    expect(run.stdout).toBe('?column?\n1\n');
    expect(run.code).toBe(0);
    expect(run.stderr).toMatch(
      /^Warning: This access is not in the journal\. .*(read-only|permission denied)\.\n$/,
    );

    const login = sandbox.signIn('dana', { home: empty });
    await expect(login).rejects.toThrow(
      /ended with 1:[\s\S]*Error: Failed to (make|write).*(read-only|permission denied)\./,
    );
    expect(await readdir(empty)).toEqual([]);
  });

  it('on a full disk: the old sign-in stays whole', async (context) => {
    if (!root) return context.skip('only root can mount a small disk');
    const small = await sandbox.newHome();
    using mounted = mountSmall(small, '');
    if (mounted === undefined) return context.skip('root may not mount here');
    await copyHome(home, small);
    await changeToken(small, (record) => ({ ...record, expiresAt: '2020-01-01T00:00:00Z' }));
    const file = await tokenFile(small);
    const before = await readFile(file, 'utf8');
    const filler = join(small, 'filler');
    await writeFile(filler, Buffer.alloc(256 * 1024)).catch(() => {});
    const run = await sandbox.forge(['whoami'], { home: small });
    expect(run).toMatchObject({ code: 1, stdout: '' });
    expect(run.stderr).toMatch(
      /^Error: Failed to (write|make) .*: the disk is full\.\nFree some space and try again\.\n$/,
    );
    expect(await readFile(file, 'utf8')).toBe(before);
    await expectTidy(small, ['filler']);
    await rm(filler);
    const freed = await sandbox.forge(['whoami', '--output', 'json'], { home: small });
    expect(freed, freed.stderr).toMatchObject({ code: 0 });
    await expectTidy(small);
  });
});

describe('the connection', () => {
  const query = (sql: string, relay: string) => [
    'db',
    'query',
    'dev',
    sql,
    '--address',
    relay,
    '--output',
    'json',
  ];
  const port = () => sandbox.state.databases.find(({ target }) => target === 'dev/shop')?.port ?? 0;
  const isRunning = async (sql: string) => {
    const text = "select from pg_stat_activity where query = $1 and state = 'active'";
    return (await sandbox.postgres.admin.query(text, [sql])).rowCount === 1;
  };
  const until = async (condition: () => Promise<boolean>, limit: number) => {
    const started = performance.now();
    while (!(await condition())) {
      if (performance.now() - started > limit) throw new Error(`not within ${limit} ms`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    return performance.now() - started;
  };

  it.skipIf(process.platform !== 'linux')('is cut in the middle of a query', async () => {
    await using relay = await startRelay('127.0.0.2', port());
    const sql = 'select pg_sleep(60)';
    const running = sandbox.forge(query(sql, '127.0.0.2'), { home: await fresh() });
    await until(() => isRunning(sql), 10_000);
    relay.cut();
    const run = await running;
    expect(run).toMatchObject({ code: 6, stdout: '' });
    const { error } = JSON.parse(run.stderr) as { error: Record<string, string> };
    expect(error).toMatchObject({
      code: 'CONNECTION_LOST',
      message: expect.stringMatching(/closed the connection/),
    });
    expect(error.hint).toBeTruthy();
  });

  it.skipIf(process.platform !== 'linux')('hangs: a second Ctrl-C waits for nobody', async () => {
    await using relay = await startRelay('127.0.0.2', port());
    const sql = 'select pg_sleep(61)';
    const child = spawn(process.execPath, [await builtForge(), ...query(sql, '127.0.0.2')], {
      env: sandbox.environment({ home: await fresh() }),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (said += chunk));
    const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
    await until(() => isRunning(sql), 10_000);
    relay.freeze();
    child.kill('SIGINT');
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(child.exitCode).toBeNull();
    const second = performance.now();
    child.kill('SIGINT');
    expect(await ended).toBe(130);
    const took = performance.now() - second;
    expect(took).toBeLessThan(500 * (await slowness()));
    expect(said).not.toMatch(/^\s+at /m);
  });

  it('ends with the server, killed in the middle of a query; and then there is none', async () => {
    const folder = join(await sandbox.newHome(), 'doomed');
    const own = { FORGE_SANDBOX_DIR: folder, FORGE_SANDBOX: undefined };
    const started = await sandbox.forge(['sandbox', 'start'], { env: own });
    expect(started, started.stderr).toMatchObject({ code: 0 });
    const state = JSON.parse(await readFile(join(folder, 'sandbox.json'), 'utf8')) as {
      pid: number;
      url: string;
      config: string;
      databases: { port: number }[];
    };
    const env = { AWS_ENDPOINT_URL: state.url, FORGE_CONFIG: state.config };
    try {
      const doomed = await sandbox.newHome();
      await sandbox.signIn('dana', { home: doomed, env });
      expect(await sandbox.forge(select, { home: doomed, env })).toMatchObject({ code: 0, stderr: '' });
      const running = sandbox.forge(['db', 'query', 'dev', 'select pg_sleep(60)'], { home: doomed, env });
      await new Promise((resolve) => setTimeout(resolve, 1_500));
      process.kill(state.pid, 'SIGKILL');
      const run = await running;
      expect(run).toMatchObject({ code: 6, stdout: '' });
      expect(run.stderr).toMatch(/^Error: .*closed the connection.*\.\n.+\n$/);
      await expectTidy(doomed);
      await fails(
        { args: select, home: doomed, env },
        {
          kind: 'unreachable',
          code: 'UNREACHABLE',
          says: /nothing listens there/,
          next: /Check the network/,
        },
      );
      await fails(
        { args: ['whoami', '--refresh'], home: doomed, env },
        {
          kind: 'unreachable',
          code: 'UNREACHABLE',
          says: /nothing listens there/,
          next: /Check the network/,
        },
      );
    } finally {
      await sandbox.forge(['sandbox', 'stop'], { env: own });
    }
    expect(await listFiles(dirname(folder))).toEqual([]);
  });
});

async function tokenFile(folder: string): Promise<string> {
  const cache = join(folder, '.aws', 'sso', 'cache');
  for (const name of await readdir(cache)) {
    if ((await readFile(join(cache, name), 'utf8')).includes('"accessToken"')) return join(cache, name);
  }
  throw new Error(`there is no token in ${cache}`);
}

async function changeToken(
  folder: string,
  change: (record: Record<string, unknown>) => Record<string, unknown>,
): Promise<void> {
  const file = await tokenFile(folder);
  await mkdir(join(folder, '.aws'), { recursive: true });
  await writeFile(file, JSON.stringify(change(JSON.parse(await readFile(file, 'utf8')))));
}
