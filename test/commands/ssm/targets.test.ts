import { spawn } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { digestOf } from '../../ssm/tcp-target.ts';
import { builtForge } from '../../support/built-forge.ts';
import { keys } from '../../support/pty.ts';
import type { TestSandbox } from '../../support/sandbox.ts';
import { useEcho } from '../../support/use-sandbox.ts';

/** Whatever Session Manager opens sessions to, by whatever it can be called, through the commands. */
let sandbox: TestSandbox;
const ids: Record<string, string> = {};
useEcho([['localhost', 7]], (started) => {
  sandbox = started;
  for (const { id, account, tags } of sandbox.world.organisation.instances) {
    if (account === '222222222222') ids[tags.Name ?? ''] = id;
  }
});

const ssm = (...args: string[]) => sandbox.forge(['--env', 'qa', 'ssm', ...args]);

async function run(...words: string[]) {
  const { code, stdout, stderr } = await ssm(
    'run',
    ...words,
    '--output',
    'json',
    '--',
    'echo "$INSTANCE_ID"',
  );
  return { code, stderr, data: stdout === '' ? undefined : JSON.parse(stdout) };
}

describe('a hybrid node and a container of ECS', () => {
  it('are what they are to AWS', async () => {
    expect(ids['edge-1']).toMatch(/^mi-[0-9a-f]{17}$/);
    expect(ids.shop).toMatch(/^ecs:shop_[0-9a-f]{32}_[0-9a-f]{32}-\d+$/);
    const rows = JSON.parse((await ssm('list', '--output', 'json')).stdout);
    expect(rows.find(({ name }: { name: string }) => name === 'edge-1')).toMatchObject({
      id: ids['edge-1'],
      type: null,
      state: null,
      online: true,
    });
    expect(rows.map(({ id }: { id: string }) => id)).not.toContain(ids.shop);
  });

  it.each([
    ['edge-1', 'edge-1'],
    ['edge-1.example.internal', 'edge-1'],
    ['mi-', 'edge-1'],
    ['ecs:', 'shop'],
  ])('%s: a command', async (word, name) => {
    const said = word.endsWith('-') || word.endsWith(':') ? (ids[name] ?? '') : word;
    const { code, data } = await run(said);
    expect(code).toBe(0);
    expect(data).toMatchObject({ instanceId: ids[name], exitCode: 0, stdout: `${ids[name]}\n` });
  });

  it.each(['edge-1', 'shop'])('%s: a shell', async (name) => {
    using terminal = await sandbox.pty(['ssm', ids[name] ?? '', '--env', 'qa']);
    await terminal.waitFor(/[$#] $/);
    terminal.write(`echo $((6*7)) $INSTANCE_ID${keys.enter}`);
    await terminal.waitFor(new RegExp(`42 ${ids[name]}`));
    terminal.write(`exit${keys.enter}`);
    expect(await terminal.exit).toBe(0);
  });

  it.each(['edge-1', 'shop'])('%s: ports, and ssh', async (name) => {
    const id = ids[name] ?? '';
    const forward = spawn(
      process.execPath,
      [await builtForge(), 'ssm', 'forward', id, ':7', '--env', 'qa', '--output', 'json'],
      { env: sandbox.environment(), stdio: ['ignore', 'pipe', 'ignore'] },
    );
    const ended = new Promise((resolve) => forward.once('close', resolve));
    try {
      let out = '';
      forward.stdout.on('data', (chunk: Buffer) => {
        out += chunk;
      });
      await expect.poll(() => out, { timeout: 20_000 }).toMatch(/\}\n$/);
      expect(JSON.parse(out)).toMatchObject({ instance: id });
    } finally {
      forward.kill('SIGINT');
      await ended;
    }
    const data = Buffer.alloc(5_000, 'x');
    const ssh = await sandbox.forge(['ssm', 'ssh-proxy', id, '--port', '7', '--env', 'qa'], { stdin: data });
    expect(ssh.code).toBe(0);
    expect(digestOf(Buffer.from(ssh.stdout))).toBe(digestOf(data));
  });

  it('Run Command reaches a hybrid node among others, and no container', async () => {
    const both = await run('edge-1', 'web-1');
    expect(
      both.data.instances.map(({ instanceId, stdout }: Record<string, string>) => [instanceId, stdout]),
    ).toEqual(expect.arrayContaining([ids['edge-1'], ids['web-1']].map((id) => [id, `${id}\n`])));
    const refused = await run(ids.shop ?? '', 'web-1');
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining('no Run Command')]);
  });

  it('a service of ECS has no name here, and it is said how to find what has', async () => {
    const refused = await ssm('ecs:shop/web/app');
    expect(refused.code).toBe(2);
    expect(refused.stderr).toMatch(/can't be a container of ECS[\s\S]*aws ecs describe-tasks/);
  });

  it('plans name the resource that leave is needed for', async () => {
    const hybrid = await ssm(ids['edge-1'] ?? '', '--plan');
    expect(hybrid.stdout).toContain(`arn:aws:ssm:us-east-1:222222222222:managed-instance/${ids['edge-1']}`);
    const task = await ssm(ids.shop ?? '', '--plan');
    expect(task.stdout).toContain('arn:aws:ecs:us-east-1:222222222222:task/');
  });
});

describe('filters', () => {
  it.each([
    [['tag:role=edge'], ['edge-1']],
    [['asg:qa-web'], ['web-1', 'web-2']],
    [
      ['--tag', 'role=web'],
      ['web-1', 'web-2'],
    ],
    [['--tag', 'role=web', '--tag', 'Name=web-2'], ['web-2']],
    [
      ['--tag', 'aws:autoscaling:groupName=qa-web'],
      ['web-1', 'web-2'],
    ],
    [['--tag', 'role=edge'], ['edge-1']],
  ])('%j: all that it means, each once', async (words, names) => {
    const { code, data } = await run(...words);
    expect(code).toBe(0);
    expect(data.instances.map(({ instanceId }: { instanceId: string }) => instanceId).sort()).toEqual(
      names.map((name) => ids[name]).sort(),
    );
  });

  it('one word that means several is no shell', async () => {
    const { code, stderr } = await ssm('asg:qa-web');
    expect(code).toBe(2);
    expect(stderr).toContain('2 instances are');
  });
});

describe('Windows', () => {
  const script = 'Get-Service nginx | Format-List';
  const plain = (text: string) => Buffer.from(text.split(' ').at(-1) ?? '', 'base64').toString('utf16le');

  it.each(['windows-1', 'i-'])('%s, one: PowerShell’s arguments, the script in Base64', async (word) => {
    const said = word === 'i-' ? (ids['windows-1'] ?? '') : word;
    const { code, stderr } = await ssm('run', said, '--', script);
    const { plan, document } = [...sandbox.world.ssm.sessions.values()].at(-1) ?? {};
    expect(document).toBe('AWS-StartNonInteractiveCommand');
    expect(plan?.command).toMatch(
      /^-NoLogo -NoProfile -NonInteractive -OutputFormat Text -EncodedCommand [A-Za-z0-9+/]+=*$/,
    );
    expect(plain(plan?.command ?? '')).toBe(
      `$ProgressPreference = 'SilentlyContinue'\n${script}\nif ($?) { exit 0 } elseif ($LASTEXITCODE) { exit $LASTEXITCODE } else { exit 1 }`,
    );
    // Where PowerShell is not installed the sandbox says so; where it is, there is no such service.
    expect(code).toBe(1);
    expect(stderr).toMatch(/pwsh|Get-Service/);
  });

  it('words are a program and its arguments, whatever they hold', async () => {
    await ssm('run', 'windows-1', '--', 'C:\\Tools\\a b.exe', "it's", '$env:PATH; exit');
    const { plan } = [...sandbox.world.ssm.sessions.values()].at(-1) ?? {};
    expect(plain(plan?.command ?? '').split('\n')[1]).toBe(
      "& 'C:\\Tools\\a b.exe' 'it''s' '$env:PATH; exit'",
    );
  });

  it('several: each platform by the document of its own', async () => {
    const { stdout } = await ssm('run', 'windows-1', 'web-1', '--output', 'json', '--', 'echo', "it's");
    const { instances } = JSON.parse(stdout);
    expect(instances).toHaveLength(2);
    expect(instances.find(({ name }: { name: string }) => name === 'web-1')).toMatchObject({
      stdout: "it's\n",
    });
    const sent = sandbox.world.events.all().filter(({ name }) => name === 'SendCommand');
    const documents = sent
      .slice(-2)
      .map(({ parameters }) => [parameters.documentName, parameters.instanceIds]);
    expect(documents).toEqual(
      expect.arrayContaining([
        ['AWS-RunPowerShellScript', [ids['windows-1']]],
        ['AWS-RunShellScript', [ids['web-1']]],
      ]),
    );
  });

  it('who may not ask for the platform gets what most instances have', async () => {
    await sandbox.admin.fault({
      service: 'ssm',
      operation: 'DescribeInstanceInformation',
      status: 400,
      error: 'AccessDeniedException',
    });
    try {
      const { code, stdout } = await ssm('run', ids['web-1'] ?? '', '--', 'echo hi');
      expect([code, stdout]).toEqual([0, 'hi\n']);
    } finally {
      await sandbox.admin.clearFaults();
    }
  });
});

describe('the reason', () => {
  const reason = 'INC-42: stuck orders';
  const said = ['--reason', reason];
  it.each([
    ['a shell', ['web-1', ...said], 'exit\n'],
    ['a command', ['run', 'web-1', ...said, '--', 'true'], ''],
    ['ssh', ['ssh-proxy', 'web-1', '--port', '7', ...said], 'x'],
    ['ports', ['forward', 'web-1', ':7', '--max-duration', '1s', ...said], ''],
  ])('of %s reaches AWS and its records', async (_, args, stdin) => {
    const before = sandbox.world.ssm.sessions.size;
    await sandbox.forge(['--env', 'qa', 'ssm', ...args], { stdin });
    const sessions = [...sandbox.world.ssm.sessions.values()].slice(before);
    expect(sessions.length).toBeGreaterThan(0);
    for (const session of sessions) expect(session.reason).toBe(reason);
    const event = sandbox.world.events.all().findLast(({ name }) => name === 'StartSession');
    expect(event?.parameters).toMatchObject({ reason, sessionId: sessions.at(-1)?.id });
  });

  it('of a database behind a tunnel too', async () => {
    const query = ['db', 'query', 'qa', 'select 6 * 7 as n', '--via', 'tunnel', '--output', 'csv', ...said];
    const run = await sandbox.forge(query);
    expect([run.code, run.stdout]).toEqual([0, 'n\n42\n']);
    const session = [...sandbox.world.ssm.sessions.values()].at(-1);
    expect(session).toMatchObject({ document: 'AWS-StartPortForwardingSessionToRemoteHost', reason });
  });

  it('of several is the comment of Run Command', async () => {
    await ssm('run', 'web-1', 'web-2', ...said, '--', 'true');
    const event = sandbox.world.events.all().findLast(({ name }) => name === 'SendCommand');
    expect(event?.parameters.comment).toBe(reason);
  });

  it('is in the session history of AWS', async () => {
    const exported = JSON.parse((await sandbox.forge(['credentials', 'qa'])).stdout);
    const { DescribeSessionsCommand, SSMClient } = await import('@aws-sdk/client-ssm');
    const client = new SSMClient({
      region: 'us-east-1',
      endpoint: sandbox.state.url,
      credentials: {
        accessKeyId: exported.AccessKeyId,
        secretAccessKey: exported.SecretAccessKey,
        sessionToken: exported.SessionToken,
      },
    });
    const { Sessions } = await client.send(new DescribeSessionsCommand({ State: 'History' }));
    expect(Sessions?.filter(({ Reason }) => Reason === reason).length).toBeGreaterThanOrEqual(4);
  });
});
