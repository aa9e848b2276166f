import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, symlink } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startEcho, type TcpTarget } from '../../ssm/tcp-target.ts';
import { builtForge } from '../../support/built-forge.ts';
import {
  installPluginStandIn,
  installVersionOnly,
  type PluginStandIn,
} from '../../support/plugin-stand-in.ts';
import { hasProgram } from '../../support/programs.ts';
import { keys, openTerminal } from '../../support/pty.ts';
import { startTestSandbox, type TestSandbox } from '../../support/sandbox.ts';

let sandbox: TestSandbox;
let echo: TcpTarget;
let plugin: PluginStandIn;
beforeAll(async () => {
  sandbox = await startTestSandbox();
  echo = await startEcho();
  await sandbox.signIn();
  plugin = await installPluginStandIn(await sandbox.newHome());
  for (const [host, port] of [
    ['localhost', 22],
    ['localhost', 7],
    ['echo.internal', 7],
  ] as const) {
    sandbox.world.ssm.network.register({ instance: undefined, host, port, localPort: echo.port });
  }
}, 60_000);
afterAll(async () => {
  await echo?.[Symbol.asyncDispose]();
  await sandbox?.[Symbol.asyncDispose]();
});

const running: ChildProcess[] = [];
afterEach(() => {
  for (const child of running.splice(0)) child.kill('SIGKILL');
});

const withPlugin = ['--transport', 'plugin'] as const;
const forge = (args: readonly string[], env: Record<string, string | undefined> = plugin.env) =>
  sandbox.forge(['ssm', ...args], { env });

function sessions() {
  return [...sandbox.world.ssm.sessions.values()];
}

function open() {
  return sessions().filter(({ endedAt }) => endedAt === undefined);
}

async function calls(): Promise<number> {
  return (await sandbox.admin.calls())['ssm:StartSession'] ?? 0;
}

async function start(...args: string[]) {
  const child = spawn(process.execPath, [await builtForge(), 'ssm', ...args], {
    env: sandbox.environment({ env: plugin.env }),
    stdio: 'pipe',
  });
  running.push(child);
  child.stdin.on('error', () => {});
  const said = { out: '', err: '' };
  child.stdout.setEncoding('latin1').on('data', (text: string) => {
    said.out += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said.err += text;
  });
  const ended = new Promise<number | string>((resolve) => {
    child.once('close', (code, name) => resolve(code ?? name ?? ''));
  });
  const waitFor = async (pattern: RegExp) => {
    await expect.poll(() => said.out, { timeout: 20_000, interval: 20 }).toMatch(pattern);
  };
  return { child, said, ended, waitFor };
}

async function echoes(port: number, data: Buffer): Promise<Buffer> {
  const socket = connect({ host: 'localhost', port });
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    return await new Promise((resolve, reject) => {
      socket.on('error', reject).on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        size += chunk.length;
        if (size >= data.length) resolve(Buffer.concat(chunks));
      });
      socket.write(data);
    });
  } finally {
    socket.destroy();
  }
}

describe.skipIf(process.platform === 'win32')('--transport plugin', () => {
  it('is started as the AWS CLI starts it; what is secret is in its environment alone', async () => {
    const run = await forge(['run', 'dev/web-1', ...withPlugin, '--reason', 'TAPP-7', '--', 'true'], {
      ...plugin.env,
      AWS_PROFILE: 'elsewhere',
      SSM_PLUGIN_LOCAL_HOST: '0.0.0.0',
    });
    expect([run.code, run.stdout, run.stderr]).toEqual([0, '', '']);
    const [started, ...others] = await plugin.starts();
    expect(others).toEqual([]);
    const session = sessions().at(-1);
    expect(started?.argv).toEqual([
      'AWS_SSM_START_SESSION_RESPONSE',
      'us-east-1',
      'StartSession',
      '',
      JSON.stringify({ Target: session?.instance.id }),
      sandbox.state.url,
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
    expect(open()).toEqual([]);
  });

  it('a command: its output without the words of the plugin, and its exit code', async () => {
    const script = 'printf "a\\nb"; printf oops >&2; exit 3';
    const table = await forge(['run', 'dev/web-1', ...withPlugin, '--', script]);
    expect([table.code, table.stderr]).toEqual([3, '']);
    expect(table.stdout.replace('oops', '')).toBe('a\nb');
    const json = await forge(['run', 'dev/web-1', ...withPlugin, '--output', 'json', '--', 'seq 1 20000']);
    expect(json.code).toBe(0);
    const expected = Array.from({ length: 20_000 }, (_, index) => `${index + 1}\n`).join('');
    expect(JSON.parse(json.stdout)).toMatchObject({ exitCode: 0, stdout: expected, stderr: '' });
    expect(open()).toEqual([]);
  });

  it('Ctrl-C ends a command, the plugin and the session', async () => {
    const { child, ended, waitFor } = await start(
      'run',
      'dev/web-1',
      ...withPlugin,
      '--',
      'seq 1 9000; sleep 60',
    );
    await waitFor(/100\n/);
    child.kill('SIGINT');
    expect(await ended).toBe(130);
    expect(open()).toEqual([]);
  });

  it('a shell: keys and Ctrl-C are the plugin’s, and the session ends with it', async () => {
    using terminal = await sandbox.pty(['ssm', 'dev/web-1'], {
      env: { ...plugin.env, FORGE_SSM_TRANSPORT: 'plugin' },
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
    expect(open()).toEqual([]);
  });

  it('a plugin that is killed leaves neither a session nor a terminal without echo', async () => {
    await plugin.starts();
    const words = [process.execPath, await builtForge(), 'ssm', 'dev/web-1', ...withPlugin];
    using terminal = openTerminal('/bin/sh', ['-c', '"$@"; echo "code $?"; stty -a', 'sh', ...words], {
      env: sandbox.environment({ env: plugin.env }),
    });
    await terminal.waitFor(/[$#] $/);
    const [started] = await plugin.starts();
    process.kill(started?.pid ?? 0, 'SIGKILL');
    await terminal.waitFor(/code 137[\s\S]* icanon [\s\S]* echo /);
    await terminal.exit;
    expect(open()).toEqual([]);
  });

  it('a terminal that is closed ends the plugin and the session', async () => {
    await plugin.starts();
    using terminal = await sandbox.pty(['ssm', 'dev/web-1', ...withPlugin], { env: plugin.env });
    await terminal.waitFor(/[$#] $/);
    const [started] = await plugin.starts();
    process.kill(terminal.pid, 'SIGHUP');
    expect(await terminal.exit).toBe(143);
    expect(open()).toEqual([]);
    expect(() => process.kill(started?.pid ?? 0, 0)).toThrow('ESRCH');
  });

  it('the longest duration ends it with 7', async () => {
    using terminal = await sandbox.pty(['ssm', 'dev/web-1', ...withPlugin, '--max-duration', '2s'], {
      env: plugin.env,
    });
    await terminal.waitFor(/has lasted 2 s/);
    expect(await terminal.exit).toBe(7);
    expect(open()).toEqual([]);
  });

  it('ports: a plugin for each, on loopback, until Ctrl-C', async () => {
    await plugin.starts();
    const args = ['forward', 'dev/bastion', ':7', ':echo.internal:7', ...withPlugin, '--output', 'json'];
    const { child, said, ended, waitFor } = await start(...args);
    await waitFor(/\}\n$/);
    const { forwards, socks } = JSON.parse(said.out);
    expect(socks).toBeNull();
    expect(forwards).toMatchObject([
      { localHost: '127.0.0.1', host: 'localhost', port: 7 },
      { localHost: '127.0.0.1', host: 'echo.internal', port: 7 },
    ]);
    for (const { localPort } of forwards) {
      const data = randomBytes(50_000);
      expect((await echoes(localPort, data)).equals(data)).toBe(true);
    }
    expect(await plugin.starts()).toHaveLength(2);
    expect(open()).toHaveLength(2);
    child.kill('SIGINT');
    expect(await ended).toBe(130);
    expect(open()).toEqual([]);
  });

  it('a port that is taken, and a plugin that dies: the command ends, and says what the plugin said', async () => {
    const taken = await forge(['forward', 'dev/bastion', `${echo.port}:7`, ...withPlugin]);
    expect(taken.code).toBe(1);
    expect(taken.stderr).toContain('session-manager-plugin has closed its port');
    expect(taken.stderr).toContain('EADDRINUSE');
    await plugin.starts();
    const { ended, waitFor, said } = await start('forward', 'dev/bastion', ':7', ...withPlugin);
    await waitFor(/port 7\n$/);
    process.kill((await plugin.starts())[0]?.pid ?? 0, 'SIGKILL');
    expect(await ended).toBe(1);
    expect(said.err).toContain('has closed its port');
    expect(open()).toEqual([]);
  });

  it('ssh-proxy: the bytes after the line of the plugin; ssh hangs up without a word', async () => {
    const { child, said, ended, waitFor } = await start('ssh-proxy', 'dev/web-1', ...withPlugin);
    const data = randomBytes(20_000);
    child.stdin.write(data);
    const greeting = /^\nStarting session with SessionId: \S+\n/;
    await expect.poll(() => said.out.replace(greeting, '').length, { timeout: 20_000 }).toBe(data.length);
    expect(said.out.replace(greeting, '')).toBe(data.toString('latin1'));
    await waitFor(greeting);
    child.kill('SIGHUP');
    expect(await ended).toBe(0);
    expect(said.err).toBe('');
    expect(open()).toEqual([]);
  });

  it('one that is missing or too old is refused before a session is started', async () => {
    const folder = await sandbox.newHome();
    await symlink(process.execPath, join(folder, 'node'));
    const before = await calls();
    const missing = await forge(['run', 'dev/web-1', ...withPlugin, '--', 'true'], { PATH: folder });
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
      const run = await forge(['dev/web-1', ...withPlugin], { PATH });
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
    const run = await forge([first, ...withPlugin, ...rest]);
    expect([run.code, run.stdout]).toEqual([2, '']);
    expect(run.stderr).toContain(sentence);
  });

  it('FORGE_SSM_TRANSPORT says it for all, --transport for one; it means nothing to Run Command', async () => {
    const env = { ...plugin.env, FORGE_SSM_TRANSPORT: 'plugin' };
    await plugin.starts();
    expect((await forge(['run', 'dev/web-1', '--', 'exit 4'], env)).code).toBe(4);
    expect(await plugin.starts()).toHaveLength(1);
    expect((await forge(['run', 'dev/web-1', '--transport', 'builtin', '--', 'exit 4'], env)).code).toBe(4);
    expect((await forge(['run', 'dev/web-1', 'dev/web-2', '--', 'true'], env)).code).toBe(0);
    expect(await plugin.starts()).toHaveLength(0);
    const wrong = await forge(['run', 'dev/web-1', '--', 'true'], { FORGE_SSM_TRANSPORT: 'carrier-pigeon' });
    expect(wrong.code).toBe(2);
    expect(wrong.stderr).toContain('FORGE_SSM_TRANSPORT');
  });

  it('says what it would do', async () => {
    const run = await forge(['forward', 'dev/bastion', '9200:9100', ...withPlugin, '--plan'], {});
    expect(run.stdout).toContain('run session-manager-plugin, which listens on 127.0.0.1:9200');
  });
});

const installed = hasProgram('session-manager-plugin', "--transport plugin with AWS's own plugin");
describe.skipIf(!installed)("AWS's own session-manager-plugin, unchanged", () => {
  it('runs a command', async () => {
    const run = await forge(['run', 'dev/web-1', ...withPlugin, '--', 'echo hello; exit 3'], {});
    expect([run.code, run.stdout]).toEqual([3, 'hello\n']);
  });

  it('opens a shell', async () => {
    using terminal = await sandbox.pty(['ssm', 'dev/web-1', ...withPlugin]);
    await terminal.waitFor(/[$#] $/);
    terminal.write(`echo $((6*7))${keys.enter}`);
    await terminal.waitFor(/42\r+\n/);
    terminal.write(`exit${keys.enter}`);
    expect(await terminal.exit).toBe(0);
    expect(open()).toEqual([]);
  });
});
