import { mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { builtForge } from '../../support/built-forge.ts';
import { installVersionOnly } from '../../support/plugin-stand-in.ts';
import { hasProgram } from '../../support/programs.ts';
import { keys, openTerminal } from '../../support/pty.ts';
import { type PluginStage, startPluginStage, withPlugin } from './plugin-stage.ts';

let stage: PluginStage;
beforeAll(async () => {
  stage = await startPluginStage();
}, 60_000);
afterAll(() => stage?.[Symbol.asyncDispose]());
afterEach(() => stage.endAll());

async function calls(): Promise<number> {
  return (await stage.sandbox.admin.calls())['ssm:StartSession'] ?? 0;
}

describe.skipIf(process.platform === 'win32')('--transport plugin', () => {
  it('is started as the AWS CLI starts it; what is secret is in its environment alone', async () => {
    const run = await stage.forge(['run', 'dev/web-1', ...withPlugin, '--reason', 'TAPP-7', '--', 'true'], {
      ...stage.plugin.env,
      AWS_PROFILE: 'elsewhere',
      SSM_PLUGIN_LOCAL_HOST: '0.0.0.0',
    });
    expect([run.code, run.stdout, run.stderr]).toEqual([0, '', '']);
    const [started, ...others] = await stage.plugin.starts();
    expect(others).toEqual([]);
    const session = stage.sessions().at(-1);
    expect(started?.argv).toEqual([
      'AWS_SSM_START_SESSION_RESPONSE',
      'us-east-1',
      'StartSession',
      '',
      JSON.stringify({ Target: session?.instance.id }),
      stage.sandbox.state.url,
    ]);
    const { env } = started ?? { env: {} };
    expect(env).toMatchObject({
      AWS_ACCESS_KEY_ID: expect.stringMatching(/^ASIA/),
      AWS_SECRET_ACCESS_KEY: expect.any(String),
      AWS_SESSION_TOKEN: expect.any(String),
      AWS_REGION: 'us-east-1',
      FORGE_ENV: 'dev',
    });
    expect(env).not.toHaveProperty('AWS_PROFILE');
    expect(env).not.toHaveProperty('SSM_PLUGIN_LOCAL_HOST');
    expect(session?.reason).toBe('TAPP-7');
    expect(stage.open()).toEqual([]);
  });

  it('a command: its output without the words of the plugin, and its exit code', async () => {
    const script = 'printf "a\\nb"; printf oops >&2; exit 3';
    const table = await stage.forge(['run', 'dev/web-1', ...withPlugin, '--', script]);
    expect([table.code, table.stderr]).toEqual([3, '']);
    expect(table.stdout.replace('oops', '')).toBe('a\nb');
    const json = await stage.forge([
      'run',
      'dev/web-1',
      ...withPlugin,
      '--output',
      'json',
      '--',
      'seq 1 20000',
    ]);
    expect(json.code).toBe(0);
    const expected = Array.from({ length: 20_000 }, (_, index) => `${index + 1}\n`).join('');
    expect(JSON.parse(json.stdout)).toMatchObject({ exitCode: 0, stdout: expected, stderr: '' });
    expect(stage.open()).toEqual([]);
  });

  it('Ctrl-C ends a command, the plugin and the session', async () => {
    const { child, ended, waitFor } = await stage.start(
      'run',
      'dev/web-1',
      ...withPlugin,
      '--',
      'seq 1 9000; sleep 60',
    );
    await waitFor(/100\n/);
    child.kill('SIGINT');
    expect(await ended).toBe(130);
    expect(stage.open()).toEqual([]);
  });

  it('a shell: keys and Ctrl-C are the plugin’s, and the session ends with it', async () => {
    using terminal = await stage.sandbox.pty(['ssm', 'dev/web-1'], {
      env: { ...stage.plugin.env, FORGE_SSM_TRANSPORT: 'plugin' },
    });
    await terminal.waitFor(/Starting session with SessionId/);
    await terminal.waitFor(/[$#] $/);
    terminal.write(`echo $((6*7)); sleep 60; echo "code:$?"${keys.enter}`);
    await terminal.waitFor(/42\r+\n/);
    terminal.write(keys.ctrlC);
    await terminal.waitFor(/\^C[\s\S]*\$ $/);
    terminal.write(`echo still-$((1+1))${keys.enter}`);
    await terminal.waitFor(/still-2/);
    terminal.write(`exit${keys.enter}`);
    expect(await terminal.exit).toBe(0);
    expect(stage.open()).toEqual([]);
  });

  it('a plugin that is killed leaves neither a session nor a terminal without echo', async () => {
    await stage.plugin.starts();
    const words = [process.execPath, await builtForge(), 'ssm', 'dev/web-1', ...withPlugin];
    using terminal = openTerminal('/bin/sh', ['-c', '"$@"; echo "code $?"; stty -a', 'sh', ...words], {
      env: stage.sandbox.environment({ env: stage.plugin.env }),
    });
    await terminal.waitFor(/[$#] $/);
    const [started] = await stage.plugin.starts();
    process.kill(started?.pid ?? 0, 'SIGKILL');
    await terminal.waitFor(/code 137[\s\S]* icanon [\s\S]* echo /);
    await terminal.exit;
    expect(stage.open()).toEqual([]);
  });

  it('a terminal that is closed ends the plugin and the session', async () => {
    await stage.plugin.starts();
    using terminal = await stage.sandbox.pty(['ssm', 'dev/web-1', ...withPlugin], { env: stage.plugin.env });
    await terminal.waitFor(/[$#] $/);
    const [started] = await stage.plugin.starts();
    process.kill(terminal.pid, 'SIGHUP');
    expect(await terminal.exit).toBe(143);
    expect(stage.open()).toEqual([]);
    expect(() => process.kill(started?.pid ?? 0, 0)).toThrow('ESRCH');
  });

  it('the longest duration ends it with 7', async () => {
    using terminal = await stage.sandbox.pty(['ssm', 'dev/web-1', ...withPlugin, '--max-duration', '2s'], {
      env: stage.plugin.env,
    });
    await terminal.waitFor(/has lasted 2 s/);
    expect(await terminal.exit).toBe(7);
    expect(stage.open()).toEqual([]);
  });

  it('one that is missing or too old is refused before a session is started', async () => {
    const folder = await stage.sandbox.newHome();
    await symlink(process.execPath, join(folder, 'node'));
    const before = await calls();
    const missing = await stage.forge(['run', 'dev/web-1', ...withPlugin, '--', 'true'], { PATH: folder });
    expect(missing.code).toBe(1);
    expect(missing.stderr).toMatch(
      /not installed[\s\S]*session-manager-working-with-install-plugin[\s\S]*leave out/,
    );
    for (const [version, sentence] of [
      ['1.2.497.0', 'too old'],
      ['1.1', 'too old'],
      ['soon', 'does not say its version'],
    ] as const) {
      const other = join(folder, version);
      await mkdir(other);
      const PATH = await installVersionOnly(other, version);
      const run = await stage.forge(['dev/web-1', ...withPlugin], { PATH });
      expect([run.code, run.stdout]).toEqual([1, '']);
      expect(run.stderr).toContain(sentence);
    }
    expect(await calls()).toBe(before);
  });

  it.each([
    [['forward', 'dev/bastion', '--socks'], "can't do SOCKS"],
    [['forward', 'dev/bastion', '80', '--streams', '2'], "can't do more than one stream"],
    [['forward', 'dev/bastion', '80', '--bind-all'], "can't do --bind-all"],
    [['forward', 'dev/bastion', 'unix:/tmp/x:80'], "can't do unix sockets"],
    [['run', 'dev', '--all', '--', 'true'], 'opens no session'],
  ])('%j is not with the plugin', async (args, sentence) => {
    const [first = '', ...rest] = args;
    const run = await stage.forge([first, ...withPlugin, ...rest]);
    expect([run.code, run.stdout]).toEqual([2, '']);
    expect(run.stderr).toContain(sentence);
  });

  it('FORGE_SSM_TRANSPORT says it for all, --transport for one; it means nothing to Run Command', async () => {
    const env = { ...stage.plugin.env, FORGE_SSM_TRANSPORT: 'plugin' };
    await stage.plugin.starts();
    expect((await stage.forge(['run', 'dev/web-1', '--', 'exit 4'], env)).code).toBe(4);
    expect(await stage.plugin.starts()).toHaveLength(1);
    expect(
      (await stage.forge(['run', 'dev/web-1', '--transport', 'builtin', '--', 'exit 4'], env)).code,
    ).toBe(4);
    expect((await stage.forge(['run', 'dev/web-1', 'dev/web-2', '--', 'true'], env)).code).toBe(0);
    expect(await stage.plugin.starts()).toHaveLength(0);
    const wrong = await stage.forge(['run', 'dev/web-1', '--', 'true'], {
      FORGE_SSM_TRANSPORT: 'carrier-pigeon',
    });
    expect(wrong.code).toBe(2);
    expect(wrong.stderr).toContain('FORGE_SSM_TRANSPORT');
  });

  it('says what it would do', async () => {
    const run = await stage.forge(['forward', 'dev/bastion', '9200:9100', ...withPlugin, '--plan'], {});
    expect(run.stdout).toContain('run session-manager-plugin, which listens on 127.0.0.1:9200');
  });
});

const installed = hasProgram('session-manager-plugin', "--transport plugin with AWS's own plugin");
describe.skipIf(!installed)("AWS's own session-manager-plugin, unchanged", () => {
  it('runs a command', async () => {
    const run = await stage.forge(['run', 'dev/web-1', ...withPlugin, '--', 'echo hello; exit 3'], {});
    expect([run.code, run.stdout]).toEqual([3, 'hello\n']);
  });

  it('opens a shell', async () => {
    using terminal = await stage.sandbox.pty(['ssm', 'dev/web-1', ...withPlugin]);
    await terminal.waitFor(/[$#] $/);
    terminal.write(`echo $((6*7))${keys.enter}`);
    await terminal.waitFor(/42\r+\n/);
    terminal.write(`exit${keys.enter}`);
    expect(await terminal.exit).toBe(0);
    expect(stage.open()).toEqual([]);
  });
});
