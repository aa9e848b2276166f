import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { digestOf, readBytes, type TcpTarget } from '../../ssm/tcp-target.ts';
import { builtForge } from '../../support/built-forge.ts';
import type { TestSandbox } from '../../support/sandbox.ts';
import { useEcho } from '../../support/use-sandbox.ts';

let sandbox: TestSandbox;
let echo: TcpTarget;
const places = [
  ['echo.internal', 7],
  ['localhost', 7],
] as const;
useEcho(places, (...started) => {
  [sandbox, echo] = started;
});

interface RunningForward extends AsyncDisposable {
  /** What it printed. */
  readonly said: {
    forwards: { localPort: number; localSocket: string | null }[];
    socks: { port: number } | null;
  };
  readonly child: ChildProcess;
  readonly err: () => string;
  /** Exit code or signal. */
  readonly ended: Promise<number | string>;
}

function forward(...args: string[]): Promise<RunningForward> {
  return forwardWith({}, ...args);
}

async function forwardWith(
  options: Parameters<TestSandbox['environment']>[0],
  ...args: string[]
): Promise<RunningForward> {
  const child = spawn(process.execPath, [await builtForge(), 'ssm', 'forward', ...args, '--output', 'json'], {
    env: sandbox.environment(options),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  let err = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text;
  });
  const ended = new Promise<number | string>((resolve) => {
    child.once('close', (code, name) => resolve(code ?? name ?? ''));
  });
  const said = await new Promise<RunningForward['said']>((resolve, reject) => {
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      out += text;
      if (out.endsWith('}\n')) resolve(JSON.parse(out) as RunningForward['said']);
    });
    void ended.then((code) => reject(new Error(`ended with ${code}: ${err}`)));
  });
  return {
    said,
    child,
    err: () => err,
    ended,
    async [Symbol.asyncDispose]() {
      child.kill('SIGINT');
      await ended;
    },
  };
}

function dial(port: number | undefined): Socket {
  const socket = connect({ host: '127.0.0.1', port: port ?? 0 });
  socket.on('error', () => {});
  return socket;
}

async function echoes(
  port: number | undefined,
  data: Buffer,
  leave: 'closes' | 'cuts' = 'closes',
): Promise<void> {
  const socket = dial(port);
  const back = readBytes(socket, data.length);
  socket.write(data);
  expect(digestOf(await back)).toBe(digestOf(data));
  if (leave === 'cuts') socket.resetAndDestroy();
  else socket.destroy();
}

const admin = (path: string, fields: object) => sandbox.admin.lever(path, fields);

describe('forge ssm forward', () => {
  it('several ports in one command: the instance itself, and through it; 64 connections at once', async () => {
    await using running = await forward('dev/bastion', ':7', '0:echo.internal:7');
    const [own, remote] = running.said.forwards;
    await echoes(own?.localPort, Buffer.from('\n'));
    await Promise.all(
      Array.from({ length: 64 }, (_, index) => echoes(remote?.localPort, randomBytes(10_000 + index * 911))),
    );
  });

  it('an instance with an old agent: 64 at once, carried one after the other', async () => {
    await using running = await forward('dev/legacy', ':7');
    const port = running.said.forwards[0]?.localPort;
    // After a connection that is closed, its answer is waited for; half a second of 64 would be too long here.
    await Promise.all(
      Array.from({ length: 64 }, (_, index) => echoes(port, randomBytes(2_000 + index * 311), 'cuts')),
    );
  });

  it('at a unix socket, and over SOCKS with the name looked up there', async () => {
    const home = await sandbox.newHome();
    const path = join(home, 'ports', 'echo.sock');
    await using running = await forward('dev/web-1', `unix:${path}:echo.internal:7`, '--socks', '0');
    const socket = connect({ path });
    const back = readBytes(socket, 5);
    socket.write('hello');
    expect((await back).toString()).toBe('hello');
    socket.destroy();
    const client = dial(running.said.socks?.port);
    const answer = readBytes(client, 17);
    const name = Buffer.from('echo.internal');
    client.write(Buffer.concat([Buffer.from([5, 1, 0, 5, 1, 0, 3, name.length]), name, Buffer.from([0, 7])]));
    client.write('hello');
    expect((await answer).subarray(12).toString()).toBe('hello');
    client.destroy();
  });

  it('a socket that is cut again and again costs no byte', async () => {
    await using running = await forward('dev/bastion', ':7');
    const sending = echoes(running.said.forwards[0]?.localPort, randomBytes(6_000_000));
    for (let cut = 0; cut < 5; cut++) {
      await sleep(100);
      await admin('ssm-sessions', { action: 'cut' });
    }
    await sending;
  });

  it('--streams 4 goes past the pace of an agent, each connection on a session of its own', async () => {
    // Slow, so that what is measured is the agents' pace and not how busy this machine is: bench/ssm.ts has 1 ms.
    const agentPaceMs = 20;
    const kilobytes = 60;
    await admin('ssm-faults', { agentPaceMs });
    try {
      await using running = await forward('dev/bastion', ':7', '--streams', '4');
      const port = running.said.forwards[0]?.localPort;
      const started = performance.now();
      await Promise.all([1, 2, 3, 4].map(() => echoes(port, randomBytes(kilobytes * 1024))));
      const inOneSession = 4 * kilobytes * agentPaceMs;
      expect(performance.now() - started).toBeLessThan(inOneSession / 2);
    } finally {
      await admin('ssm-faults', {});
    }
  }, 30_000);

  it('a session that ends is said, its port stays open, and the next connection starts another', async () => {
    await using running = await forward('dev/bastion', ':7');
    const port = running.said.forwards[0]?.localPort;
    await echoes(port, Buffer.from('before'));
    await admin('ssm-sessions', { action: 'end', output: 'Your session timed out due to inactivity.' });
    await expect.poll(running.err).toContain('timed out due to inactivity');
    await echoes(port, Buffer.from('after'));
  });

  it('nothing listens there: said, and the client is cut off', async () => {
    await using running = await forward('dev/bastion', ':4444');
    const socket = dial(running.said.forwards[0]?.localPort);
    await new Promise((resolve) => socket.once('close', resolve));
    await expect.poll(running.err).toContain("can't connect to localhost:4444");
  });

  it('Ctrl-C ends it with 130, and the session in AWS with it', async () => {
    const running = await forward('dev/bastion', ':7');
    await echoes(running.said.forwards[0]?.localPort, Buffer.from('x'));
    running.child.kill('SIGINT');
    expect(await running.ended).toBe(130);
    const open = [...sandbox.world.ssm.sessions.values()].filter((session) => session.running !== undefined);
    expect(open).toEqual([]);
  });

  it('a port in use ends it with 1 before any session is started, and names who has it', async () => {
    const before = (await sandbox.admin.calls())['ssm:StartSession'];
    const run = await sandbox.forge(['ssm', 'forward', 'dev/bastion', `${echo.port}:7`]);
    expect(run.code).toBe(1);
    expect(run.stderr).toContain(`Port ${echo.port} of this machine is in use`);
    expect((await sandbox.admin.calls())['ssm:StartSession']).toBe(before);
  });

  it('without forge.yaml, with keys of the environment and a region', async () => {
    const keys = await sandbox.forge(['credentials', 'dev']);
    const { AccessKeyId, SecretAccessKey, SessionToken } = JSON.parse(keys.stdout) as Record<string, string>;
    const { id } = sandbox.world.organisation.instances.find(({ tags }) => tags.Name === 'bastion') ?? {};
    const env = {
      FORGE_CONFIG: undefined,
      AWS_ENDPOINT_URL: undefined,
      AWS_ENDPOINT_URL_SSM: sandbox.state.url,
      AWS_ACCESS_KEY_ID: AccessKeyId,
      AWS_SECRET_ACCESS_KEY: SecretAccessKey,
      AWS_SESSION_TOKEN: SessionToken,
    };
    await using running = await forwardWith(
      { env, home: await sandbox.newHome() },
      id ?? '',
      ':7',
      '--region',
      'us-east-1',
    );
    await echoes(running.said.forwards[0]?.localPort, Buffer.from('hello'));
  });

  it('says what it would do', async () => {
    const run = await sandbox.forge(['ssm', 'forward', 'dev/bastion', '15432:db.internal:5432', '--plan']);
    expect(run.stderr).toBe('');
    expect(run.stdout).toContain('AWS-StartPortForwardingSessionToRemoteHost');
    expect(run.stdout).toContain('listen on 127.0.0.1:15432');
    expect(run.stdout).toContain('host=db.internal,portNumber=5432,localPortNumber=15432');
  });

  it.each([
    [[], 'Nothing is said that could be forwarded'],
    [['x:y:1'], 'is no forward'],
    [['80', '80:db:81'], 'Two forwards would listen'],
    [['80', '--streams', '99'], 'from 1 to 16'],
    [['--socks', 'x'], '--socks takes a port'],
  ])('%j is a mistake of the command line', async (args, sentence) => {
    const run = await sandbox.forge(['ssm', 'forward', 'dev/bastion', ...args]);
    expect([run.code, run.stdout]).toEqual([2, '']);
    expect(run.stderr).toContain(sentence);
  });

  it('a terminal sees connections, speed and what is left', async () => {
    const terminal = await sandbox.pty(['ssm', 'forward', 'dev/bastion', ':7', '--max-duration', '30m']);
    const [, port] = await terminal.waitFor(/127\.0\.0\.1:(\d+)\S* →/);
    await echoes(Number(port), Buffer.alloc(5_000));
    await terminal.waitFor(/0 connections \(1 so far\), ↑ .* ↓ .*, (30|29) min left/);
    terminal.write('\x03');
    expect(await terminal.exit).toBe(130);
    expect(terminal.text()).not.toContain('has ended');
  });

  it('a connection that is lost for longer is said: in the line of a terminal, else once', async () => {
    const terminal = await sandbox.pty(['ssm', 'forward', 'dev/bastion', ':7']);
    await terminal.waitFor(/0 connections \(0 so far\)/);
    await using running = await forward('dev/bastion', ':7');
    await sandbox.admin.fault({
      service: 'ssm',
      operation: 'ResumeSession',
      status: 500,
      error: 'InternalServerError',
      times: 1_000,
    });
    await admin('ssm-sessions', { action: 'cut' });
    await terminal.waitFor(/… connection lost, reconnecting; 0 connections/);
    await expect.poll(running.err, { timeout: 20_000 }).toBe('Connection lost, reconnecting.\n');
    await sandbox.admin.clearFaults();
    await terminal.waitFor(/… 0 connections \(0 so far\)/, { timeoutMs: 30_000 });
    await expect.poll(running.err, { timeout: 30_000 }).toContain('Connected again.');
    await echoes(running.said.forwards[0]?.localPort, Buffer.from('still there'));
    terminal.write('\x03');
    expect(await terminal.exit).toBe(130);
  });

  it('max_session in forge.yaml counts where a longer time is asked for', async () => {
    const config = join(await sandbox.newHome(), 'forge.yaml');
    const text = await readFile(sandbox.state.config, 'utf8');
    await writeFile(config, text.replace(/^ {2}dev:\n/m, '$&    max_session: 20m\n'));
    const terminal = await sandbox.pty(['ssm', 'forward', 'dev/bastion', ':7', '--max-duration', '1h'], {
      env: { FORGE_CONFIG: config },
    });
    await terminal.waitFor(/0 connections \(0 so far\), .*, (20|19) min left/);
    terminal.write('\x03');
    expect(await terminal.exit).toBe(130);
  });
});
