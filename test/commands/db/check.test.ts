import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasProgram } from '../../support/programs.ts';
import { startTestSandbox, type TestSandbox } from '../../support/sandbox.ts';

interface Report {
  readonly target: string;
  readonly ok: boolean;
  readonly code: string | null;
  readonly steps: readonly {
    readonly step: string;
    readonly status: string;
    readonly milliseconds: number | null;
    readonly detail: string;
    readonly hint: string | null;
  }[];
}

const psql = hasProgram('psql', 'psql logs in with the token of forge db token');
let sandbox: TestSandbox;
let silent: Server;
beforeAll(async () => {
  sandbox = await startTestSandbox();
  silent = createServer(() => {}).listen(0, '127.0.0.1');
  await Promise.all([sandbox.signIn('dana'), sandbox.signIn('casey')]);
}, 60_000);
afterAll(async () => {
  silent.close();
  await sandbox[Symbol.asyncDispose]();
});

const stranger = () => (silent.address() as { port: number }).port;

async function check(args: readonly string[], options = {}) {
  const run = await sandbox.forge(['db', 'check', ...args, '--output', 'json'], options);
  return { run, report: JSON.parse(run.stdout) as Report };
}

describe('db check', () => {
  it('goes all the way, step by step, with times', async () => {
    const { run, report } = await check(['dev']);
    expect(run).toMatchObject({ code: 0, stderr: '' });
    expect(report).toMatchObject({ target: 'dev', ok: true, code: null });
    expect(report.steps.map(({ step }) => step)).toEqual([
      'name',
      'credentials',
      'endpoint',
      'dns',
      'tcp',
      'tls',
      'login',
      'session',
      'tunnel',
    ]);
    expect(report.steps.every(({ status, milliseconds }) => status === 'ok' && milliseconds !== null)).toBe(
      true,
    );
    const detail = (name: string) => report.steps.find(({ step }) => step === name)?.detail;
    expect(detail('credentials')).toContain('developer-rds-access/dana@tapp.example');
    expect(detail('tls')).toMatch(/TLSv1\.3, dev-shop\.cluster-.* by forge sandbox .*, \d+ days left/);
    expect(detail('session')).toMatch(
      /^PostgreSQL [\d.]+, a writer, database shop_dev as developer, read-write$/,
    );
  });

  it('shows a reader as one', async () => {
    const { report } = await check(['prod-wealth'], { person: 'casey' });
    expect(report.steps.find(({ step }) => step === 'session')?.detail).toMatch(
      /a reader, database wealth as forge_ro, read-only/,
    );
  });

  it('for people, one line a step, and what to do where it stops', async () => {
    const run = await sandbox.forge(['db', 'check', 'dev', '--user', 'noiam']);
    expect(run).toMatchObject({ code: 5, stderr: '' });
    expect(run.stdout).toMatch(/^login +FAILED +\d+ ms +The server says: password authentication failed/m);
    expect(run.stdout).toMatch(
      /^ +An administrator of the database can set it up: grant rds_iam to "noiam"$/m,
    );
    expect(run.stdout).toMatch(/^session +-$/m);
    expect(run.stdout).not.toContain('forge db check');
  });

  it.each<[string, () => string[], number, string, string]>([
    ['nobody may enter', () => ['prod-cash'], 5, 'credentials', 'BREAK_GLASS_NEEDED'],
    ['an unknown database', () => ['dev', '--database', 'nope'], 2, 'login', 'UNKNOWN_DATABASE'],
    ['a role without IAM', () => ['dev', '--user', 'noiam'], 5, 'login', 'NOT_IAM_ROLE'],
    [
      'no rds-db:connect',
      () => ['dev', '--role', 'arn:aws:iam::111111111111:role/readonly-rds-access'],
      5,
      'login',
      'IAM_REFUSED',
    ],
    ['a closed port', () => ['dev', '--port', '1', '--via', 'direct'], 6, 'tcp', 'TCP_REFUSED'],
    [
      'a server that says nothing',
      () => ['dev', '--port', String(stranger()), '--via', 'direct'],
      6,
      'tls',
      'SERVER_SILENT',
    ],
    [
      'a name that is not in DNS',
      () => ['dev', '--address', 'no-such-host.invalid'],
      6,
      'dns',
      '(NAME_NOT_FOUND|DNS_FAILED)',
    ],
    [
      'other authorities',
      () => ['dev', '--ca', join(import.meta.dirname, '../../../test/vectors/other-authority.pem')],
      2,
      'endpoint',
      'CA_UNREADABLE',
    ],
    [
      'a cluster that does not exist',
      () => ['dev', '--host', 'shop.c9abc.us-east-1.rds.amazonaws.com', '--address', '127.0.0.1'],
      1,
      'tls',
      'WRONG_HOST_NAME',
    ],
  ])(
    '%s',
    async (_what, args, code, step, failure) => {
      const { run, report } = await check(args());
      expect(run.code).toBe(code);
      expect(report).toMatchObject({ ok: false, code: expect.stringMatching(new RegExp(`^${failure}$`)) });
      const failed = report.steps.filter(({ status }) => status === 'failed');
      expect(failed).toMatchObject([{ step, hint: expect.any(String) }]);
      const position = report.steps.findIndex(({ status }) => status === 'failed');
      expect(report.steps.slice(position + 1).every(({ status }) => status === 'skipped')).toBe(true);
      expect(run.durationMs).toBeLessThan(25_000);
    },
    30_000,
  );

  it('without a sign-in fails with exit code 4 at the credentials', async () => {
    const { run, report } = await check(['dev'], { home: await sandbox.newHome() });
    expect(run.code).toBe(4);
    expect(report.steps.find(({ status }) => status === 'failed')).toMatchObject({
      step: 'credentials',
      hint: 'forge login',
    });
  });

  it('an unknown target is a usage error before any step', async () => {
    const run = await sandbox.forge(['db', 'check', 'devv']);
    expect(run).toMatchObject({ code: 2, stdout: '' });
    expect(run.stderr).toContain('Did you mean: dev');
  });
});

describe('what a session meets', () => {
  it('a clock that is 20 minutes late is corrected by AWS’s', async () => {
    await sandbox.forge(['db', 'query', 'dev', 'select 1']);
    await sandbox.admin.setClock(20 * 60_000);
    try {
      const run = await sandbox.forge(['db', 'query', 'dev', '--output', 'csv', 'select 1 as a']);
      expect(run).toMatchObject({ stdout: 'a\n1\n', code: 0 });
    } finally {
      await sandbox.admin.setClock(0);
    }
  });

  it('credentials that ended since say so, and not that RDS refused a token', async () => {
    await sandbox.forge(['db', 'query', 'dev', 'select 1']);
    await sandbox.admin.setClock(3 * 3_600_000);
    try {
      const run = await sandbox.forge(['db', 'query', 'dev', 'select 1']);
      expect(run).toMatchObject({ code: 4, stdout: '' });
      expect(run.stderr).toMatch(/expired|ended/);
    } finally {
      await sandbox.admin.setClock(0);
    }
  });

  it('a remembered endpoint that is no more is asked for again', async () => {
    await sandbox.forge(['db', 'check', 'dev']);
    const file = join(sandbox.environment().HOME ?? '', '.cache', 'forge', 'endpoints.json');
    writeFileSync(file, readFileSync(file, 'utf8').replaceAll('dev-shop.cluster', 'gone-shop.cluster'));
    const run = await sandbox.forge(['db', 'query', 'dev', '--output', 'csv', 'select 1 as a']);
    expect(run).toMatchObject({ stdout: 'a\n1\n', code: 0 });
    expect(readFileSync(file, 'utf8')).not.toContain('gone-shop');
  });

  it('RDS is asked once in an hour', async () => {
    await sandbox.forge(['db', 'query', 'dev', 'select 1']);
    const before = (await sandbox.admin.calls())['rds:DescribeDBClusters'];
    await sandbox.forge(['db', 'query', 'dev', 'select 1']);
    expect((await sandbox.admin.calls())['rds:DescribeDBClusters']).toBe(before);
  });
});

describe('db token', () => {
  it('says with --output json where and until when it is good', async () => {
    const run = await sandbox.forge(['db', 'token', 'dev', '--output', 'json']);
    const { token, host, port, user, region, expiresAt } = JSON.parse(run.stdout);
    expect(token).toMatch(new RegExp(`^${host}:${port}/\\?Action=connect&DBUser=developer&`));
    expect({ user, region }).toEqual({ user: 'developer', region: 'us-east-1' });
    expect((Date.parse(expiresAt) - Date.now()) / 60_000).toBeCloseTo(15, 0);
  });

  it('prints a token that opens the database, and nothing else', async () => {
    const run = await sandbox.forge(['db', 'token', 'dev']);
    expect(run).toMatchObject({ code: 0, stderr: '' });
    expect(run.stdout).toMatch(
      /^dev-shop\.cluster-[^\n/]+\/\?Action=connect&DBUser=developer&[^\n]+X-Amz-Signature=[0-9a-f]{64}\n$/,
    );
    if (!psql) return;
    const [, host = '', port = ''] = /^([^:]+):(\d+)\//.exec(run.stdout) ?? [];
    const login = await sandbox.run('psql', ['-At', '-c', 'select current_user'], {
      env: {
        PGPASSWORD: run.stdout.trim(),
        PGHOST: host,
        PGPORT: port,
        PGUSER: 'developer',
        PGDATABASE: 'shop_dev',
      },
    });
    expect(login).toMatchObject({ code: 0, stdout: 'developer\n' });
  });

  it('needs no configuration and no AWS call with keys in the environment', async () => {
    const before = await sandbox.admin.calls();
    const args = [
      'db',
      'token',
      '--host',
      'shop.c9abc.us-east-1.rds.amazonaws.com',
      '--port',
      '5432',
      '--user',
      'app',
      '--region',
      'us-east-1',
    ];
    const env = {
      AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
      AWS_SECRET_ACCESS_KEY: 'secretsecret',
      FORGE_CONFIG: '/does/not/exist.yaml',
    };
    const run = await sandbox.forge(args, { env });
    expect(run).toMatchObject({ code: 0, stderr: '' });
    expect(run.stdout).toMatch(
      /^shop\.c9abc\.us-east-1\.rds\.amazonaws\.com:5432\/\?Action=connect&DBUser=app&/,
    );
    expect(await sandbox.admin.calls()).toEqual(before);
  });

  it('says which flag is missing', async () => {
    const run = await sandbox.forge(['db', 'token', '--host', 'db.corp.example']);
    expect(run).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('Add --user <name>.') });
  });
});

describe('db list', () => {
  it('names every database without an AWS call', async () => {
    const before = await sandbox.admin.calls();
    const run = await sandbox.forge(['db', 'list']);
    expect(run).toMatchObject({ code: 0, stderr: '' });
    expect(run.stdout).toMatch(/^prod-cash .*forge_ro \(--write: forge_rw\) +read-only .*production$/m);
    const json = await sandbox.forge(['db', 'list', '--env', 'dev', '--output', 'json']);
    expect(JSON.parse(json.stdout)).toMatchObject([
      { target: 'dev', production: false },
      { target: 'dev/shop-readonly', role: 'reader' },
    ]);
    expect(await sandbox.admin.calls()).toEqual(before);
  });

  it('--discover shows what RDS has', async () => {
    const run = await sandbox.forge(['db', 'list', '--env', 'dev', '--discover', '--output', 'json']);
    expect(JSON.parse(run.stdout)).toMatchObject([
      { kind: 'cluster', identifier: 'dev-shop', iamEnabled: true, names: ['dev', 'dev/shop-readonly'] },
    ]);
  });

  it('is empty, and says why, where there is no configuration', async () => {
    const run = await sandbox.forge(['db', 'list'], {
      env: { FORGE_CONFIG: undefined },
      home: await sandbox.newHome(),
      cwd: '/',
    });
    expect(run).toMatchObject({ code: 0, stdout: '', stderr: expect.stringContaining('forge config init') });
  });
});
