import { type ChildProcess, spawn } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { complete } from '../../../src/complete.ts';
import { builtForge } from '../../support/built-forge.ts';
import type { TestSandbox } from '../../support/sandbox.ts';
import { createTestHost } from '../../support/test-host.ts';
import { useEcho } from '../../support/use-sandbox.ts';

let sandbox: TestSandbox;
let env: { readonly FORGE_CONFIG: string };
const places = [
  ['echo.internal', 7],
  ['localhost', 7],
] as const;
useEcho(places, async (started) => {
  sandbox = started;
  const text = await readFile(sandbox.state.config, 'utf8');
  const groups = `    instances:
      web-1:
        tags: { Name: web-1 }
    forwards:
      stores:
        description: Search and queue
        instance: bastion
        ports: [":echo.internal:7", ":7"]
        streams: 2
      web-1:
        instance: web-1
        ports: [":7"]
`;
  const path = join(await sandbox.newHome(), 'forge.yaml');
  await writeFile(path, text.replace(/^ {2}dev:\n/m, `$&${groups}`));
  env = { FORGE_CONFIG: path };
});

const forward = (...args: string[]) => sandbox.forge(['ssm', 'forward', ...args], { env });

interface Opened {
  readonly instance: string;
  readonly forwards: readonly { readonly localPort: number; readonly host: string; readonly port: number }[];
}

/** Until it listens; `use` meets it running. */
async function running(args: readonly string[], use: (said: Opened) => Promise<void>): Promise<void> {
  const child: ChildProcess = spawn(
    process.execPath,
    [await builtForge(), 'ssm', 'forward', ...args, '--output', 'json'],
    { env: sandbox.environment({ env }), stdio: ['ignore', 'pipe', 'ignore'] },
  );
  const ended = new Promise((resolve) => child.once('close', resolve));
  let out = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    out += chunk;
  });
  try {
    await expect.poll(() => out, { timeout: 20_000 }).toMatch(/\}\n$/);
    await use(JSON.parse(out) as Opened);
  } finally {
    child.kill('SIGINT');
    await ended;
  }
}

function answers(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port });
    socket.on('error', reject).once('data', (bytes) => {
      socket.destroy();
      resolve(bytes.toString());
    });
    socket.write('hello');
  });
}

function openSessions() {
  return [...sandbox.world.ssm.sessions.values()].filter(({ endedAt }) => endedAt === undefined);
}

describe('a group of forge.yaml', () => {
  it('opens all its ports through its instance, with its streams', async () => {
    await running(['dev/stores'], async ({ forwards }) => {
      expect(forwards.map(({ host, port }) => `${host}:${port}`)).toEqual(['echo.internal:7', 'localhost:7']);
      for (const { localPort } of forwards) expect(await answers(localPort)).toBe('hello');
      expect(openSessions()).toHaveLength(4);
      for (const { instance } of openSessions()) expect(instance.tags.Name).toBe('bastion');
    });
    expect(openSessions()).toEqual([]);
  });

  it('may be called as an instance is: alone the group, with ports the instance', async () => {
    for (const args of [['dev/web-1'], ['dev/web-1', ':7'], ['web-1', '--env', 'dev']]) {
      await running(args, async ({ forwards }) => {
        expect(await answers(forwards[0]?.localPort ?? 0)).toBe('hello');
        expect(openSessions().map(({ instance }) => instance.tags.Name)).toEqual(['web-1']);
      });
    }
  });

  it('--list shows them, without asking AWS', async () => {
    const before = await sandbox.admin.calls();
    const json = await forward('--list', '--output', 'json');
    expect(JSON.parse(json.stdout)).toEqual([
      {
        name: 'dev/stores',
        instance: 'bastion',
        forwards: [':echo.internal:7', ':7'],
        socks: null,
        streams: 2,
        description: 'Search and queue',
      },
      { name: 'dev/web-1', instance: 'web-1', forwards: [':7'], socks: null, streams: 1, description: null },
    ]);
    const table = await forward('--list', 'dev');
    expect(table.stdout).toMatch(
      /^GROUP +INSTANCE +FORWARDS +DESCRIPTION\n[\s\S]*dev\/stores +bastion +:echo\.internal:7, :7/,
    );
    const none = await forward('--list', 'qa');
    expect([none.code, none.stderr]).toEqual([0, expect.stringContaining('There are no groups in qa')]);
    const wrong = await forward('--list', 'nowhere');
    expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining('no environment "nowhere"')]);
    expect((await forward('--list', 'dev', '80')).code).toBe(2);
    expect(await sandbox.admin.calls()).toEqual(before);
  });

  it('is planned as what it stands for', async () => {
    const { stdout, code } = await forward('dev/stores', '--plan', '--streams', '1');
    expect(code).toBe(0);
    expect(stdout.match(/ssm StartSession/g)).toHaveLength(2);
    expect(stdout).toContain('host=echo.internal,portNumber=7,localPortNumber=0');
  });

  it.each([
    [['dev/stores', '80'], 'is a group of forwards: it takes no ports'],
    [['dev/stores', '--socks'], 'is a group of forwards: it takes no ports'],
    [['dev/storse'], 'dev/stores'],
    [['dev'], 'Groups of forge.yaml: dev/stores, dev/web-1'],
  ])('%j is a mistake of the command line', async (args, sentence) => {
    const run = await forward(...args);
    expect([run.code, run.stdout]).toEqual([2, '']);
    expect(run.stderr).toContain(sentence);
  });

  it('is completed at Tab, beside instances', async () => {
    const host = createTestHost({ env: { ...env, PATH: process.env.PATH } });
    try {
      expect(await complete(['ssm', 'forward', 'dev/'], host)).toEqual(['dev/stores', 'dev/web-1']);
      expect(await complete(['ssm', 'dev/'], host)).toEqual(['dev/web-1']);
    } finally {
      host.dispose();
    }
  });
});
