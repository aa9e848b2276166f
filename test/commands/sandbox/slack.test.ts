import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestSandbox, type TestSandbox } from '../../support/sandbox.ts';

let sandbox: TestSandbox;
beforeAll(async () => {
  sandbox = await startTestSandbox();
}, 120_000);
afterAll(() => sandbox[Symbol.asyncDispose]());

const tell = (body: string) =>
  fetch(sandbox.environment().FORGE_SLACK_WEBHOOK ?? '', { method: 'POST', body });

describe('forge sandbox slack', () => {
  it('shows what was posted to the webhook that everybody in the sandbox has', async () => {
    expect((await sandbox.forge(['sandbox', 'slack'])).stdout).toBe('Slack was told nothing yet.\n');
    const text = ':key: *dana* asks &lt;now&gt; &amp; \u2060@here\nReason: x';
    expect((await tell(JSON.stringify({ channel: '#platform-support', text }))).status).toBe(200);
    const shown = await sandbox.forge(['sandbox', 'slack']);
    expect(shown).toMatchObject({ code: 0, stderr: '' });
    expect(shown.stdout).toMatch(
      /^\d\d:\d\d:\d\d {2}#platform-support\n:key: \*dana\* asks <now> & @here\nReason: x\n$/,
    );
    const { messages } = JSON.parse((await sandbox.forge(['sandbox', 'slack', '--output', 'json'])).stdout);
    expect(messages).toMatchObject([{ channel: '#platform-support', text }]);
  });

  it('shows a stranger’s control characters for what they are', async () => {
    await tell(JSON.stringify({ text: 'a\u001b[2Jb' }));
    expect((await sandbox.forge(['sandbox', 'slack'])).stdout).not.toContain('\u001b');
  });

  it('what is no message is refused in Slack’s words; while Slack is down, so is this', async () => {
    expect(await (await tell('nonsense')).text()).toBe('invalid_payload');
    expect(await (await tell('{}')).text()).toBe('no_text');
    await sandbox.admin.fault({
      service: 'slack',
      operation: '*',
      status: 503,
      error: 'service_unavailable',
    });
    expect((await tell('{"text":"x"}')).status).toBe(503);
    expect((await tell('{"text":"x"}')).status).toBe(200);
  });
});

describe('forge sandbox as', () => {
  it('is a shell as that person', async () => {
    const run = await sandbox.forge(['sandbox', 'as', 'mia'], {
      stdin: 'echo "home $HOME"; exit 3\n',
      env: { SHELL: '/bin/sh' },
    });
    expect(run.code).toBe(3);
    expect(run.stderr).toContain('you are mia@tapp.example (Engineering manager)');
    expect(run.stdout).toContain('/mia');
  });

  it('of somebody who is not there says who is', async () => {
    expect(await sandbox.forge(['sandbox', 'as', 'mya'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('Did you mean: --as mia'),
    });
  });
});
