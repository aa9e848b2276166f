import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { main } from '../../../src/main.ts';
import { startEcho, type TcpTarget } from '../../ssm/tcp-target.ts';
import { startTestSandbox, type TestSandbox } from '../../support/sandbox.ts';
import { createTestHost, type TestHost } from '../../support/test-host.ts';

/** max_session of forge.yaml on everything that opens a session, by a clock that the test moves. */
const minute = 60_000;
let sandbox: TestSandbox;
let server: TcpTarget;
let config: string;
beforeAll(async () => {
  sandbox = await startTestSandbox();
  server = await startEcho();
  sandbox.world.ssm.network.register({
    instance: undefined,
    host: 'localhost',
    port: 22,
    localPort: server.port,
  });
  await sandbox.signIn();
  config = join(await sandbox.newHome(), 'forge.yaml');
  const text = await readFile(sandbox.state.config, 'utf8');
  await writeFile(config, text.replace(/^ {2}dev:\n/m, '$&    max_session: 20m\n'));
}, 60_000);
afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
  await sandbox?.[Symbol.asyncDispose]();
});

const hosts: TestHost[] = [];
afterEach(() => {
  for (const host of hosts.splice(0)) host.dispose();
});

interface Running {
  readonly host: TestHost;
  readonly stdin: PassThrough;
  readonly code: Promise<number>;
}

/** forge in this process, at Dana's home. */
function start(argv: readonly string[]): Running {
  const env: NodeJS.ProcessEnv = { ...sandbox.environment(), FORGE_CONFIG: config };
  const home = env.HOME ?? '';
  const stdin = new PassThrough();
  const host = createTestHost({
    env,
    stdin,
    directories: {
      working: home,
      home,
      config: join(home, '.config', 'forge'),
      cache: join(home, '.cache', 'forge'),
      state: join(home, '.local', 'state', 'forge'),
      temporary: home,
    },
  });
  hosts.push(host);
  return { host, stdin, code: main(argv, host) };
}

const openSessions = () => [...sandbox.world.ssm.sessions.values()].filter(({ running }) => running).length;

interface Command {
  readonly name: string;
  readonly argv: readonly string[];
  readonly warning: string;
  readonly ending: string;
  /** Something has gone through the session and come back: its time counts. */
  readonly begun: (running: Running) => Promise<void>;
}

const shows = (text: () => string, pattern: RegExp) =>
  expect.poll(text, { timeout: 20_000 }).toMatch(pattern) as unknown as Promise<void>;

const commands: readonly Command[] = [
  {
    name: 'a shell',
    argv: ['ssm', 'dev/web-1'],
    warning: 'this session ends',
    ending: 'The session on web-1 .* has lasted 20 min',
    begun({ host, stdin }) {
      stdin.write('echo "sum:$((20+22))"\n');
      return shows(host.out, /sum:42/);
    },
  },
  {
    name: 'a command',
    argv: ['ssm', 'run', 'dev/web-1', '--', 'echo begun; sleep 600'],
    warning: 'The command on web-1 .* is ended',
    ending: 'The command on web-1 .* has run for 20 min',
    begun: ({ host }) => shows(host.out, /begun/),
  },
  {
    name: 'a forward',
    argv: ['ssm', 'forward', 'dev/web-1', ':22'],
    warning: 'The ports close',
    ending: 'longest duration is over',
    async begun({ host }) {
      await shows(host.out, /127\.0\.0\.1:\d+/);
      const [, port] = /127\.0\.0\.1:(\d+)/.exec(host.out()) ?? [];
      const socket = connect({ host: '127.0.0.1', port: Number(port) });
      socket.write('hello');
      await once(socket, 'data');
      socket.destroy();
    },
  },
  {
    name: 'ssh',
    argv: ['ssm', 'ssh-proxy', 'dev/web-1'],
    warning: 'The connection to web-1 .* ends',
    ending: 'The connection to web-1 .* has lasted 20 min',
    begun({ host, stdin }) {
      stdin.write('hello');
      return shows(host.out, /hello/);
    },
  },
  {
    name: 'a query through a tunnel',
    argv: ['db', 'query', 'dev', 'select pg_sleep(600)', '--via', 'tunnel'],
    warning: 'The tunnel through bastion .* closes',
    ending: 'The tunnel through bastion .* has lasted 20 min',
    begun: ({ host }) => shows(host.err, /Connected through bastion/),
  },
];

/** Each with its own clock. */
function startAll(): Promise<(Running & Command)[]> {
  return Promise.all(
    commands.map(async (command) => {
      const running = start(command.argv);
      running.code.catch(() => {});
      await command.begun(running);
      return { ...command, ...running };
    }),
  );
}

describe('max_session', () => {
  it('warns 10 minutes and 1 minute before, and ends each with 7, and its session in AWS', async () => {
    const all = await startAll();
    expect(openSessions()).toBe(commands.length);
    for (const [passes, left] of [
      [10, '(10|9) min'],
      [9, '(1 min|5\\d s)'],
    ] as const) {
      for (const { host } of all) host.shiftClock(passes * minute);
      for (const { host, warning } of all) await shows(host.err, new RegExp(`${warning} in ${left}`));
    }
    for (const { host } of all) host.shiftClock(minute);
    for (const { code, name, host, ending } of all) {
      expect([name, await code]).toEqual([name, 7]);
      expect(host.err()).toMatch(new RegExp(ending));
    }
    await expect.poll(openSessions).toBe(0);
  }, 60_000);

  it('ends at once what a laptop slept through', async () => {
    const all = await startAll();
    for (const { host } of all) host.shiftClock(40 * minute);
    for (const { code, name, host, warning, ending } of all) {
      expect([name, await code]).toEqual([name, 7]);
      expect(host.err()).toMatch(new RegExp(ending));
      expect(host.err()).not.toMatch(new RegExp(`${warning} in`));
    }
    await expect.poll(openSessions).toBe(0);
  }, 60_000);
});
