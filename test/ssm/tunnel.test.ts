import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestSandbox, type TestSandbox } from '../support/sandbox.ts';

let sandbox: TestSandbox;
beforeAll(async () => {
  sandbox = await startTestSandbox();
  await sandbox.signIn();
}, 60_000);
afterAll(() => sandbox[Symbol.asyncDispose]());

async function network(direct: boolean, refusal: 'silent' | 'closed' = 'closed'): Promise<void> {
  const response = await fetch(`${sandbox.state.url}/_sandbox/network`, {
    method: 'POST',
    headers: { 'x-forge-sandbox-admin': sandbox.state.adminToken },
    body: JSON.stringify({ environment: 'dev', direct, refusal }),
  });
  expect(response.status).toBe(200);
}

const query = (...args: string[]) =>
  sandbox.forge(['db', 'query', 'dev', 'select 6 * 7 as answer', '--output', 'json', ...args]);
const sessions = async () => (await sandbox.admin.calls())['ssm:StartSession'] ?? 0;

describe('a database through a tunnel', () => {
  it('--via tunnel: the same answer, TLS and token for the real endpoint', async () => {
    await network(true);
    const run = await query('--via', 'tunnel');
    expect([run.code, run.stderr]).toEqual([0, expect.stringContaining('Connected through bastion (i-')]);
    expect(JSON.parse(run.stdout)).toEqual([{ answer: 42 }]);
  });

  it.each([[[]], [['--write']]])('Ctrl-C cancels on the server through it: %j', async (more) => {
    await network(true);
    const mark = `slow-${more.length}`;
    const active = async () =>
      (
        await sandbox.postgres.admin.query(
          `select 1 from pg_stat_activity where state <> 'idle' and pid <> pg_backend_pid() and position($1 in query) > 0`,
          [mark],
        )
      ).rowCount;
    const interrupt = new AbortController();
    const running = sandbox.forge(
      ['db', 'query', 'dev', `select pg_sleep(40), '${mark}'`, '--via', 'tunnel', ...more],
      { interrupt: interrupt.signal },
    );
    await expect.poll(active, { timeout: 20_000 }).toBe(1);
    interrupt.abort();
    const run = await running;
    expect([run.code, await active()], run.stderr).toEqual([130, 0]);
    expect(run.stderr).toContain('Interrupted; the query was cancelled on the server.');
    expect([...sandbox.world.ssm.sessions.values()].filter((session) => session.running)).toEqual([]);
  });

  it('with the VPN on, no session is started', async () => {
    await network(true);
    const before = await sessions();
    const run = await query();
    expect([run.code, run.stderr]).toEqual([0, '']);
    expect(await sessions()).toBe(before);
  });

  it.each(['closed', 'silent'] as const)(
    'without it (%s) it goes through the bastion by itself',
    async (how) => {
      await network(false, how);
      const run = await query();
      expect([run.code, run.stderr]).toEqual([0, expect.stringContaining('Connected through bastion (i-')]);
      expect(JSON.parse(run.stdout)).toEqual([{ answer: 42 }]);
      const open = [...sandbox.world.ssm.sessions.values()].filter(
        (session) => session.running !== undefined,
      );
      expect(open).toEqual([]);
    },
  );

  it('--via direct does not, and says what is wrong', async () => {
    await network(false, 'closed');
    const before = await sessions();
    const run = await query('--via', 'direct');
    expect(run.code).toBe(6);
    expect(run.stderr).toContain('Without --via direct and --address, forge goes through the bastion');
    expect(await sessions()).toBe(before);
  });

  it('--via direct says what it waits for where nothing answers', async () => {
    await network(false, 'silent');
    using terminal = await sandbox.pty(['db', 'query', 'dev', 'select 1', '--via', 'direct']);
    await terminal.waitFor(/… \S+:\d+ has not answered yet: is the VPN on\?/);
    terminal.write('\x03');
    expect(await terminal.exit).toBe(130);
  });

  it('psql goes through it too', async () => {
    await network(false, 'closed');
    const run = await sandbox.forge(['db', 'connect', 'dev', '--', '-Atc', 'select 6 * 7']);
    expect([run.code, run.stdout]).toEqual([0, '42\n']);
  });

  it('db check shows both ways', async () => {
    await network(false, 'closed');
    const check = async () => {
      const run = await sandbox.forge(['db', 'check', 'dev', '--output', 'json']);
      const { steps } = JSON.parse(run.stdout) as { steps: { step: string; status: string }[] };
      return [run.code, ...steps.slice(3).map(({ step, status }) => `${step} ${status}`)];
    };
    expect(await check()).toEqual([
      0,
      'dns ok',
      'tcp ok',
      'tls failed',
      'tunnel ok',
      'tls ok',
      'login ok',
      'session ok',
    ]);
    await network(true);
    expect(await check()).toEqual([0, 'dns ok', 'tcp ok', 'tls ok', 'login ok', 'session ok', 'tunnel ok']);
  });
});
