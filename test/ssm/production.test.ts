import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { builtForge } from '../support/built-forge.ts';
import { hasProgram } from '../support/programs.ts';
import { keys } from '../support/pty.ts';
import { startTestSandbox, type TestSandbox } from '../support/sandbox.ts';

/** Production as casey meets it: standing read-only access, no VPN, and a bastion that only forwards. */
const psql = hasProgram(
  'psql',
  'psql reaches production through the tunnel of db connect and of ssm forward',
);
const casey = { person: 'casey' };
let sandbox: TestSandbox;
beforeAll(async () => {
  sandbox = await startTestSandbox();
  await sandbox.signIn('casey');
}, 60_000);
afterAll(() => sandbox[Symbol.asyncDispose]());

const wealth = () => {
  const found = sandbox.state.databases.find(({ target }) => target === 'prod-wealth/wealth');
  if (found === undefined) throw new Error('the sandbox has no prod-wealth');
  return found;
};
const query = (...args: string[]) =>
  sandbox.forge(['db', 'query', 'prod-wealth', 'select 6 * 7 as n', '--output', 'csv', ...args], casey);
const calls = async (name: string) => (await sandbox.admin.calls())[name] ?? 0;
const logins = () =>
  sandbox.world.events
    .all()
    .filter(({ service, errorCode }) => service === 'rds-db' && errorCode === undefined)
    .map(({ parameters }) => parameters.host);
const vpn = async (on: boolean) =>
  expect((await sandbox.forge(['sandbox', 'vpn', on ? 'on' : 'off'])).code).toBe(0);
const documents = () => [...sandbox.world.ssm.sessions.values()].map(({ document }) => document);
const throughBastion = expect.stringMatching(/Connected through bastion \(i-[0-9a-f]{17}\)/);

describe('a production database without the VPN', () => {
  it('is reached through the bastion by itself: TLS and token are for the real name', async () => {
    const run = await query();
    expect(run).toMatchObject({ code: 0, stdout: 'n\n42\n', stderr: throughBastion });
    // The query's, and that of the write which forge tries before it lets anybody in.
    expect(logins()).toEqual([wealth().readerEndpoint, wealth().readerEndpoint]);
    // By the document that leads to databases and clusters alone.
    expect(new Set(documents())).toEqual(new Set(['forge-endpoint-tunnel']));
    const planned = await query('--plan', '--via', 'tunnel');
    expect(planned.stdout).toContain('instance/* and forge-endpoint-tunnel');
  });

  it('what was needed is remembered, and forgotten as soon as a VPN is back', async () => {
    const file = join(sandbox.environment(casey).HOME ?? '', '.cache', 'forge', 'tunneled.json');
    const remembered = () => (existsSync(file) ? Object.keys(JSON.parse(readFileSync(file, 'utf8'))) : []);
    expect(remembered()).toEqual([`${wealth().readerEndpoint} 127.0.0.1:${wealth().port}`]);
    await vpn(true);
    try {
      // On a machine that is busy the tunnel can be faster once more.
      await expect.poll(async () => (await query()).stderr, { timeout: 20_000 }).toBe('');
      expect(remembered()).toEqual([]);
      const before = await calls('ssm:StartSession');
      expect(await query()).toMatchObject({ code: 0, stdout: 'n\n42\n', stderr: '' });
      expect(await calls('ssm:StartSession')).toBe(before);
    } finally {
      await vpn(false);
    }
  });

  it.skipIf(!psql)('opens in psql through the watching proxy, which checks the real name', async () => {
    const print = '\\! echo $PGHOST $PGSSLMODE';
    const before = logins().length;
    const run = await sandbox.forge(
      ['db', 'connect', 'prod-wealth', '--', '-Atc', print, '-c', 'select current_user'],
      casey,
    );
    expect(run).toMatchObject({ code: 0, stderr: throughBastion });
    expect(run.stdout).toMatch(/^\S+\/\.cache\/forge\/db\/\S+ disable\nforge_ro\n$/);
    expect(new Set(logins().slice(before))).toEqual(new Set([wealth().readerEndpoint]));
  });

  it('opens in the built-in shell', async () => {
    using terminal = await sandbox.pty(['db', 'connect', 'prod-wealth', '--client', 'builtin'], casey);
    await terminal.waitFor(/Connected through bastion/);
    await terminal.waitFor(/prod-wealth RO=>/);
    terminal.write(`select 6 * 7 as n;${keys.enter}`);
    await terminal.waitFor(/42/);
    terminal.write(`\\q${keys.enter}`);
    expect(await terminal.exit).toBe(0);
  });

  it('db check tries both ways and judges each', async () => {
    const run = await sandbox.forge(['db', 'check', 'prod-wealth', '--output', 'json'], casey);
    const { ok, steps } = JSON.parse(run.stdout) as {
      ok: boolean;
      steps: { step: string; status: string; detail: string; hint: string | null }[];
    };
    expect([run.code, ok, ...steps.slice(3).map(({ step, status }) => `${step} ${status}`)]).toEqual([
      0,
      true,
      'dns ok',
      'tcp ok',
      'tls failed',
      'tunnel ok',
      'tls ok',
      'login ok',
      'session ok',
    ]);
    const refused = steps.find(({ status }) => status === 'failed');
    expect(refused?.hint).toContain('Is the VPN on?');
    expect(refused?.hint).toContain('grp-forge-vpn-prod-wealth');
    expect(steps.find(({ step }) => step === 'tunnel')?.detail).toMatch(/^through bastion \(i-/);
  });

  it.skipIf(!psql)('takes the token of db token through ssm forward', async () => {
    const { readerEndpoint, port } = wealth();
    const token = await sandbox.forge(['db', 'token', 'prod-wealth'], casey);
    expect(token).toMatchObject({ code: 0, stderr: '' });
    const words = ['ssm', 'forward', 'prod-wealth/bastion', `:${readerEndpoint}:${port}`, '--output', 'json'];
    const child = spawn(process.execPath, [await builtForge(), ...words], {
      env: sandbox.environment(casey),
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const ended = once(child, 'close');
    try {
      const [said] = await Promise.race([
        once(child.stdout, 'data'),
        ended.then(() => Promise.reject(new Error('the forward ended'))),
      ]);
      const { localPort } = JSON.parse(String(said)).forwards[0] as { localPort: number };
      const environment = {
        PGPASSWORD: token.stdout.trim(),
        PGHOST: readerEndpoint,
        PGPORT: String(localPort),
        PGUSER: 'forge_ro',
        PGDATABASE: 'wealth',
      };
      const login = await sandbox.run('psql', ['-Atc', 'select current_user'], {
        ...casey,
        env: environment,
      });
      expect(login).toMatchObject({ code: 0, stdout: 'forge_ro\n' });
    } finally {
      child.kill('SIGINT');
      await ended;
    }
  });
});

describe('what answers behind the bastion', () => {
  /** Where the bastion finds the front of the database with this port. */
  const leadTo = (target: number) => {
    const { network } = sandbox.world.ssm;
    const { readerEndpoint: host, port } = wealth();
    network.register({ host, port, localPort: network.insidePorts.get(target) ?? 0, instance: undefined });
  };
  afterEach(() => leadTo(wealth().port));

  it('must be the real endpoint: another database gets no token', async () => {
    const cash = sandbox.state.databases.find(({ target }) => target.startsWith('prod-cash/'));
    leadTo(cash?.port ?? 0);
    const before = await calls('rds-db:connect');
    for (const via of ['auto', 'tunnel']) {
      const run = await query('--via', via);
      expect(run).toMatchObject({ code: 1, stdout: '' });
      expect(run.stderr).toMatch(/is not made out to prod-wealth\.cluster-ro-.*The token was not sent\./);
    }
    expect(await calls('rds-db:connect')).toBe(before);
  });
});

describe('the bastion of production', () => {
  it.each([
    [['ssm', 'prod-wealth/bastion']],
    [['ssm', 'run', 'prod-wealth/bastion', '--', 'true']],
    [['ssm', 'run', 'prod-wealth', '--tag', 'role=bastion', '--', 'true']],
    [['ssm', 'forward', 'prod-wealth/bastion', ':22']],
    [['ssm', 'forward', 'prod-wealth/web-1', ':db.internal:5432']],
    [['db', 'query', 'prod-wealth', 'select 1', '--via', 'tunnel', '--bastion', 'web-1']],
  ])('leads to endpoints and does nothing else: %j', async (words) => {
    const run = await sandbox.forge(words, casey);
    expect(run).toMatchObject({ code: 5, stdout: '', stderr: expect.stringContaining('may not ssm:') });
  });

  it.each(['169.254.169.254:80', 'localhost:22', 'search.internal:9200'])(
    'hands out nobody’s keys and shows no network: %s',
    async (place) => {
      const began = documents().length;
      const run = await sandbox.forge(['ssm', 'forward', 'prod-wealth/bastion', `:${place}`], casey);
      expect([run.code, run.stdout, documents().length]).toEqual([5, '', began]);
      expect(run.stderr).toMatch(
        /may not ssm:StartSession[\s\S]*begin with forge-endpoint-tunnel, which leads/,
      );
    },
  );
});
