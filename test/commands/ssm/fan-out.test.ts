import { describe, expect, it } from 'vitest';
import type { TestSandbox } from '../../support/sandbox.ts';
import { useSandbox } from '../../support/use-sandbox.ts';

let sandbox: TestSandbox;
const json = (text: string) => JSON.parse(text);

useSandbox((started) => {
  sandbox = started;
});

interface Outcome {
  readonly instanceId: string;
  readonly name: string;
  readonly ok: boolean;
  readonly status: string;
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

async function addInstances(count: number, environment: string) {
  const response = await fetch(`${sandbox.state.url}/_sandbox/ssm-instances`, {
    method: 'POST',
    headers: { 'x-forge-sandbox-admin': sandbox.state.adminToken, 'content-type': 'application/json' },
    body: JSON.stringify({ count, environment }),
  });
  expect(response.ok).toBe(true);
}

const run = (...args: string[]) => sandbox.forge(['ssm', 'run', ...args]);

describe('forge ssm run on many instances', () => {
  it('groups the output by instance, and fails when one does', async () => {
    const { code, stdout, stderr } = await run(
      'dev',
      '--tag',
      'role=web',
      '--',
      'echo out; echo err >&2; exit 3',
    );
    expect(code).toBe(1);
    for (const name of ['web-1', 'web-2']) {
      expect(stdout).toMatch(new RegExp(`── ${name} \\(i-[0-9a-f]+\\) exit 3\\nout\\nerr\\n`));
    }
    expect(stderr).toContain('0 of 2 instances ok; failed: web-');
  });

  it.each([
    [['dev/tag:role=web']],
    [['dev/asg:dev-web']],
    [['dev/web-1', 'dev/web-2']],
    [['--env', 'dev', 'web-1', 'web-2', 'web-1']],
  ])('%j are the two', async (words) => {
    const { code, stdout } = await run(...words, '--output', 'json', '--', 'echo', 'a  b', '$x');
    expect(code).toBe(0);
    const { instances, failed } = json(stdout) as { instances: Outcome[]; failed: number };
    expect(instances.map(({ name }) => name).sort()).toEqual(['web-1', 'web-2']);
    expect(instances[0]).toMatchObject({ ok: true, status: 'Success', exitCode: 0, stdout: 'a  b $x\n' });
    expect(failed).toBe(0);
  });

  it("can't move the cursor by what an instance writes", async () => {
    const { stdout } = await run(
      'dev',
      '--tag',
      'role=worker',
      '--',
      String.raw`printf '\033]52;c;x\007\033[2J'`,
    );
    expect(stdout).not.toContain('\x1b');
    expect(stdout).toContain('\\x1b]52;c;x\\x07');
  });

  it('says, to people and to scripts, that AWS kept only the beginning', async () => {
    const long = ['dev', '--tag', 'role=worker', '--', 'head -c 30000 /dev/zero | tr "\\0" x'];
    expect((await run(...long)).stdout).toContain('AWS keeps 24 000 characters of stdout');
    const { instances } = json((await run('--output', 'json', ...long)).stdout);
    expect(instances[0]).toMatchObject({ truncated: true });
    const short = json((await run('--output', 'json', 'dev', '--tag', 'role=worker', '--', 'true')).stdout);
    expect(short.instances[0]).toMatchObject({ truncated: false });
  });

  it('reports one that is offline as failed where it was named, and leaves it out of --all', async () => {
    const named = await run('dev/web-1', 'dev/report', '--output', 'json', '--', 'true');
    expect(named.code).toBe(1);
    const { instances } = json(named.stdout) as { instances: Outcome[] };
    expect(instances.find(({ name }) => name === 'report')).toMatchObject({ ok: false, status: 'Offline' });
    const all = await run('dev', '--all', '--output', 'json', '--', 'true');
    expect(all.code).toBe(0);
    expect(all.stderr).toContain('1 instance is not online and left out');
  });

  it.each([
    [['dev/web-1', 'qa/web-1'], 'different keys'],
    [['dev/web-1', '--all'], 'only an environment'],
    [['dev', '--tag', 'Role'], 'key=value'],
    [['dev', '--all', '--tag', 'a=b'], 'different things'],
    [['dev', '--all', '--max-concurrency', '0'], '--max-concurrency'],
    [['dev/web-1', '--max-errors', '0'], '--max-errors is for several instances'],
    [['dev/web-1', '--max-concurrency', '5'], '--max-concurrency is for several instances'],
    [['dev/web-1', 'dev/web-22'], 'Did you mean: web-2'],
    [['dev', '--tag', 'role=nobody'], 'There is no instance "tag:role=nobody" in dev'],
  ])('refuses %j', async (words, said) => {
    const { code, stderr } = await run(...words, '--', 'true');
    expect(stderr).toContain(said);
    expect(code).toBe(2);
  });

  it('plans', async () => {
    const { code, stdout } = await run('dev', '--all', '--plan', '--', 'uptime');
    expect(code).toBe(0);
    expect(stdout).toContain('ssm SendCommand');
    expect(stdout).toContain('aws ssm send-command');
  });

  it('cancels on Ctrl-C, and says so', async () => {
    const stopped = await sandbox.forge(['ssm', 'run', 'dev', '--tag', 'role=web', '--', 'sleep 60'], {
      signal: { name: 'SIGINT', afterMs: 3_000 },
    });
    expect(stopped.code).toBe(130);
    expect(stopped.stderr).toContain('Cancelled command');
    expect((await sandbox.admin.calls())['ssm:CancelCommand']).toBe(1);
  });

  it('goes on when AWS asks to slow down', async () => {
    await sandbox.admin.fault({
      service: 'ssm',
      operation: 'ListCommandInvocations',
      status: 400,
      error: 'ThrottlingException',
      times: 3,
    });
    const { code } = await run('dev', '--tag', 'role=worker', '--', 'true');
    expect(code).toBe(0);
    await sandbox.admin.clearFaults();
  });

  it('stops after failures when told to', async () => {
    await addInstances(200, 'qa');
    const failing = await run(
      'qa',
      '--tag',
      'role=bulk',
      '--max-errors',
      '0',
      '--output',
      'json',
      '--',
      'false',
    );
    const outcomes = (json(failing.stdout) as { instances: Outcome[] }).instances;
    expect(failing.code).toBe(1);
    expect(outcomes).toHaveLength(200);
    expect(outcomes.filter(({ status }) => status === 'NotRun').length).toBeGreaterThanOrEqual(150);
  }, 120_000);
});
