import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startEcho, type TcpTarget } from '../ssm/tcp-target.ts';
import { builtForge } from '../support/built-forge.ts';
import { keys } from '../support/pty.ts';
import { startTestSandbox, type TestSandbox } from '../support/sandbox.ts';

/** No forge.yaml anywhere: keys in the environment, --region, and AWS_ENDPOINT_URL_SSM for Session Manager. */
let sandbox: TestSandbox;
let server: TcpTarget;
let instance: string;
let bare: { home: string; cwd: string; env: NodeJS.ProcessEnv };
beforeAll(async () => {
  sandbox = await startTestSandbox();
  server = await startEcho();
  for (const port of [7, 22]) {
    sandbox.world.ssm.network.register({
      instance: undefined,
      host: 'localhost',
      port,
      localPort: server.port,
    });
  }
  await sandbox.signIn();
  const exported = await sandbox.forge(['credentials', 'dev']);
  const { AccessKeyId, SecretAccessKey, SessionToken } = JSON.parse(exported.stdout) as Record<
    string,
    string
  >;
  const listed = await sandbox.forge(['ssm', 'list', 'dev', '--output', 'json']);
  instance =
    (JSON.parse(listed.stdout) as { name: string; id: string }[]).find(({ name }) => name === 'web-1')?.id ??
    '';
  const home = await sandbox.newHome();
  bare = {
    home,
    cwd: home,
    env: {
      FORGE_CONFIG: undefined,
      FORGE_ENV: undefined,
      AWS_CONFIG_FILE: undefined,
      AWS_PROFILE: undefined,
      AWS_REGION: undefined,
      AWS_DEFAULT_REGION: undefined,
      AWS_ENDPOINT_URL: undefined,
      AWS_ENDPOINT_URL_SSM: sandbox.state.url,
      // Nobody answers there: what only EC2 knows is not needed.
      AWS_ENDPOINT_URL_EC2: 'http://127.0.0.1:9',
      AWS_ACCESS_KEY_ID: AccessKeyId,
      AWS_SECRET_ACCESS_KEY: SecretAccessKey,
      AWS_SESSION_TOKEN: SessionToken,
    },
  };
}, 120_000);
afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
  await sandbox?.[Symbol.asyncDispose]();
});

const region = ['--region', 'us-east-1'];

describe('without forge.yaml', () => {
  it('a shell in a terminal', async () => {
    using terminal = await sandbox.pty(['ssm', instance, ...region], bare);
    await terminal.waitFor(/[$#] $/);
    terminal.write(`echo "sum:$((20+22))"; exit 3${keys.enter}`);
    await terminal.waitFor(/sum:42/);
    await terminal.exit;
  });

  it('a list, with what Session Manager itself knows', async () => {
    const { code, stdout, stderr } = await sandbox.forge(
      ['ssm', 'list', ...region, '--output', 'json'],
      bare,
    );
    expect([code, stderr]).toEqual([0, expect.stringContaining("EC2 can't be reached")]);
    expect((JSON.parse(stdout) as { id: string }[]).map(({ id }) => id)).toContain(instance);
  });

  it('a command, with its exit code', async () => {
    const run = await sandbox.forge(
      ['ssm', 'run', instance, ...region, '--', 'echo out; echo err >&2; exit 7'],
      bare,
    );
    expect([run.code, run.stdout]).toEqual([7, 'out\n']);
    expect(run.stderr).toBe('err\n');
  });

  it('a command on several', async () => {
    const run = await sandbox.forge(
      ['ssm', 'run', '--tag', 'role=web', ...region, '--output', 'json', '--', 'echo', 'hi'],
      bare,
    );
    expect(run.code).toBe(0);
    const { instances } = JSON.parse(run.stdout) as { instances: { stdout: string }[] };
    expect(instances.map(({ stdout }) => stdout)).toEqual(['hi\n', 'hi\n']);
  });

  it('a forwarded port', async () => {
    await using running = await start(['ssm', 'forward', instance, ':7', ...region, '--output', 'json']);
    const [line] = await once(running.child.stdout, 'data');
    const socket = connect({ host: '127.0.0.1', port: JSON.parse(String(line)).forwards[0].localPort });
    socket.write('hello');
    expect(String((await once(socket, 'data'))[0])).toBe('hello');
    socket.destroy();
  });

  it('ssh', async () => {
    await using running = await start(['ssm', 'ssh-proxy', instance, ...region]);
    running.child.stdin.write('SSH-2.0-');
    expect(String((await once(running.child.stdout, 'data'))[0])).toBe('SSH-2.0-');
    running.child.stdin.end();
    expect(await running.ended).toBe(0);
  });
});

async function start(argv: readonly string[]) {
  const child = spawn(process.execPath, [await builtForge(), ...argv], {
    env: sandbox.environment(bare),
    cwd: bare.cwd,
    stdio: 'pipe',
  });
  const ended = new Promise<number | string>((resolve) =>
    child.once('close', (code, signal) => resolve(code ?? signal ?? '')),
  );
  return {
    child,
    ended,
    async [Symbol.asyncDispose]() {
      child.kill('SIGINT');
      await ended;
    },
  };
}
