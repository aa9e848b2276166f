import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { TestSandbox } from '../../support/sandbox.ts';
import { useSandbox } from '../../support/use-sandbox.ts';

let sandbox: TestSandbox;
const json = (text: string) => JSON.parse(text);

useSandbox((started) => {
  sandbox = started;
});

/** A HOME with a profile whose keys are exported from the sandbox, and no forge.yaml. */
async function bareEnvironment() {
  const exported = await sandbox.forge(['credentials', 'dev']);
  const keys = json(exported.stdout);
  const home = await sandbox.newHome();
  return {
    home,
    cwd: home,
    env: {
      AWS_ACCESS_KEY_ID: keys.AccessKeyId,
      AWS_SECRET_ACCESS_KEY: keys.SecretAccessKey,
      AWS_SESSION_TOKEN: keys.SessionToken,
      FORGE_CONFIG: undefined,
      FORGE_ENV: undefined,
    },
  };
}

describe('forge ssm list', () => {
  it('shows what Session Manager knows of an environment', async () => {
    const { code, stdout } = await sandbox.forge(['ssm', 'list', 'dev', '--output', 'json']);
    expect(code).toBe(0);
    const rows = json(stdout);
    expect(rows.map(({ name }: { name: string }) => name)).toEqual([
      'bastion',
      'legacy',
      'report',
      'web-1',
      'web-2',
      'worker',
    ]);
    expect(rows[3]).toMatchObject({
      id: expect.stringMatching(/^i-/),
      type: 'm7g.large',
      zone: expect.stringMatching(/^us-east-1/),
      address: expect.stringMatching(/^10\./),
      ping: 'Online',
      online: true,
      platform: 'Linux',
      state: 'running',
    });
    const table = await sandbox.forge(['ssm', 'list', 'dev']);
    expect(table.stdout).toMatch(/^ID +NAME +TYPE +AZ +IP +AGENT +PING +PLATFORM/);
    expect(table.stdout).toMatch(/report.*ConnectionLost/);
  });

  it('lists what it can where EC2 may not be asked', async () => {
    await sandbox.admin.fault({
      service: 'ec2',
      operation: '*',
      status: 403,
      error: 'UnauthorizedOperation',
    });
    try {
      const { code, stdout } = await sandbox.forge(['ssm', 'list', 'dev', '--output', 'json']);
      expect(code).toBe(0);
      expect(json(stdout)).toHaveLength(6);
      expect(json(stdout)[0].type).toBeNull();
    } finally {
      await sandbox.admin.clearFaults();
    }
  });

  it('plans, and works without a forge.yaml', async () => {
    const plan = await sandbox.forge(['ssm', 'list', 'dev', '--plan', '--output', 'json']);
    expect(json(plan.stdout).steps.map(({ call }: { call?: string }) => call)).toContain(
      'ec2 DescribeInstances',
    );
    const bare = await bareEnvironment();
    const { code, stdout, stderr } = await sandbox.forge(
      ['ssm', 'list', '--region', 'us-east-1', '--output', 'json'],
      bare,
    );
    expect(stderr).toBe('');
    expect(code).toBe(0);
    expect(json(stdout)).toHaveLength(6);
  });
});

describe('an instance by words', () => {
  it.each([
    [['--env', 'dev', 'web-1'], 'web-1'],
    [['dev/bastion'], 'bastion'],
    [['dev/worker'], 'worker'],
  ])('%j', async (words, name) => {
    const rows = json((await sandbox.forge(['ssm', 'list', 'dev', '--output', 'json'])).stdout);
    const run = await sandbox.forge(['ssm', 'run', ...words, '--output', 'json', '--', 'true']);
    expect(json(run.stdout)).toMatchObject({
      instanceId: rows.find((row: { name: string }) => row.name === name).id,
      exitCode: 0,
    });
  });

  it('an id, an address and a DNS name mean the same instance', async () => {
    const rows = json((await sandbox.forge(['ssm', 'list', 'dev', '--output', 'json'])).stdout);
    const { id, address } = rows[3];
    const dns = `ip-${address.replaceAll('.', '-')}.ec2.internal`;
    for (const word of [id, address, dns, dns.split('.')[0]]) {
      const run = await sandbox.forge(['ssm', 'run', `dev/${word}`, '--output', 'json', '--', 'true']);
      expect(json(run.stdout)).toMatchObject({ instanceId: id, exitCode: 0 });
    }
  });

  it('names candidates when a word means several', async () => {
    const rows = json((await sandbox.forge(['ssm', 'list', 'dev', '--output', 'json'])).stdout);
    const run = await sandbox.forge(['ssm', 'dev/tag:role=web']);
    expect(run.code).toBe(2);
    expect(run.stderr).toContain(rows[3].id);
    expect(run.stderr).toContain(rows[4].id);
  });

  it('says what to say when nothing is said', async () => {
    const run = await sandbox.forge(['ssm', '--env', 'dev']);
    expect(run.code).toBe(2);
    expect(run.stderr).toContain('forge ssm list');
  });

  it('finds the near one', async () => {
    const run = await sandbox.forge(['ssm', 'dev/wbe-1']);
    expect(run.code).toBe(2);
    expect(run.stderr).toContain('Did you mean: web-1');
  });

  it('says that what stands before a slash is no environment', async () => {
    const run = await sandbox.forge(['ssm', 'dve/web-1', '--env', 'dev']);
    expect(run.code).toBe(2);
    expect(run.stderr).toContain('"dve" is no environment of forge.yaml');
  });

  it('says what session documents there are when one is not', async () => {
    const run = await sandbox.forge(['ssm', 'dev/web-1', '--document', 'Nope']);
    expect(run).toMatchObject({ code: 2, stdout: '' });
    expect(run.stderr).toMatch(
      /^Error: There is no session document "Nope" in us-east-1\.\nThose of .*list-documents/,
    );
  });
});

describe('forge ssm run on one instance', () => {
  const one = (...args: string[]) => sandbox.forge(['ssm', 'run', 'dev/web-1', ...args]);

  it('keeps stdout and stderr apart and has the exit code of the command', async () => {
    const run = await one('--', 'echo out; echo err >&2; exit 42');
    expect(run.stdout).toBe('out\n');
    expect(run.stderr).toContain('err\n');
    expect(run.code).toBe(42);
  });

  it.each([
    [['printf', '%s|', 'a b', "it's", '$HOME', '*', '"q"', 'back\\slash', '']],
    [['printf', '%s|', 'line\nfeed', '`id`', '; exit 3', '#no', 'äöü', "'''", "\\'"]],
  ])('hands %j over as they are', async (words) => {
    const run = await one('--', ...words);
    expect(run.stdout).toBe(`${words.slice(2).join('|')}|`);
    expect(run.code).toBe(0);
  });

  it('takes one word for a line of shell', async () => {
    const run = await one('--', 'printf "%s\\n" b a | sort | head -1');
    expect(run.stdout).toBe('a\n');
  });

  it('gives all of a long output', async () => {
    const run = await one('--', 'seq 1 20000');
    expect(run.stdout.split('\n')).toHaveLength(20_001);
    expect(run.stdout.endsWith('20000\n')).toBe(true);
  });

  it('is JSON for a script, plans, and needs a command', async () => {
    const run = await one('--output', 'json', '--', 'echo out; echo err >&2; exit 3');
    expect(json(run.stdout)).toMatchObject({ exitCode: 3, stdout: 'out\n', stderr: 'err\n' });
    expect(run.code).toBe(3);
    const plan = await one('--plan', '--', 'uptime');
    expect(plan.stdout).toContain('ssm StartSession');
    expect(plan.stdout).toContain('AWS-StartNonInteractiveCommand');
    expect((await one()).code).toBe(2);
  });

  it('is stopped by Ctrl-C, which ends the session', async () => {
    const before = (await sandbox.admin.calls())['ssm:TerminateSession'] ?? 0;
    const run = await sandbox.forge(['ssm', 'run', 'dev/web-1', '--', 'sleep 60'], {
      signal: { name: 'SIGINT', afterMs: 2_500 },
    });
    expect(run.code).toBe(130);
    expect((await sandbox.admin.calls())['ssm:TerminateSession']).toBeGreaterThan(before);
  });

  it('is in the journal, with the instance and the reason', async () => {
    const home = sandbox.environment().HOME ?? '';
    await one('--reason', 'INC-7: look', '--', 'true');
    const folder = join(home, '.local', 'state', 'forge');
    const names = await readdir(folder, { recursive: true });
    const texts = await Promise.all(
      names.filter((name) => name.endsWith('.jsonl')).map((name) => readFile(join(folder, name), 'utf8')),
    );
    expect(texts.join('')).toContain('INC-7: look');
    expect(texts.join('')).toMatch(/"access\.instances".*"instances":"i-/);
  });

  it.each([
    ['ls', 'Did you mean: forge ssm list'],
    ['scp', 'Did you mean: forge ssm cp <source> <destination>'],
    ['tunnel', 'Did you mean: forge ssm forward <instance> <port>'],
    ['rm', 'See forge ssm --help.'],
  ])('forge ssm %s is a word of other tools: nobody is asked to sign in for it', async (word, hint) => {
    const before = await sandbox.admin.calls();
    const run = await sandbox.forge(['ssm', word], { home: await sandbox.newHome() });
    expect([run.code, run.stdout]).toEqual([2, '']);
    expect(run.stderr).toContain(`There is no command "forge ssm ${word}"`);
    expect(run.stderr).toContain(hint);
    expect(run.stderr).toContain(`<environment>/${word}`);
    expect(await sandbox.admin.calls()).toEqual(before);
  });
});
