import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { SandboxState } from '../../../src/sandbox/process/sandbox-state.ts';
import { builtForge } from '../../support/built-forge.ts';
import { eventually, exists, processesNaming } from '../../support/processes.ts';
import { openTerminal } from '../../support/pty.ts';
import { type RunOptions, runProgram } from '../../support/sandbox.ts';
import { slowness } from '../../support/slowness.ts';

let binary: string;
let home: string;
let folder: string;
beforeAll(async () => {
  binary = await builtForge();
});
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'forge-life-'));
  folder = join(home, '.local', 'state', 'forge', 'sandbox');
});
afterEach(async () => {
  await forge('stop');
  await rm(home, { recursive: true, force: true });
});

const environment = () => ({ PATH: process.env.PATH, HOME: home, NO_COLOR: '1' });
const forge = (...args: string[]) =>
  runProgram(process.execPath, [binary, 'sandbox', ...args], environment());
const forgeWith = (options: RunOptions, ...args: string[]) =>
  runProgram(process.execPath, [binary, 'sandbox', ...args], { ...environment(), ...options.env }, options);
const state = async () => JSON.parse(await readFile(join(folder, 'sandbox.json'), 'utf8')) as SandboxState;

describe('forge sandbox start, status, stop', () => {
  it('starts in under three seconds, says what to do next, and leaves nothing after stop', async () => {
    const started = await forge('start');
    expect(started.code).toBe(0);
    expect(started.durationMs).toBeLessThan(3_000 * (await slowness()));
    expect(started.stdout).toMatch(/^SANDBOX running .* 127\.0\.0\.1 only\./);
    expect(started.stdout).toMatch(/dana +dana@tapp\.example +Software engineer/);
    expect(started.stdout).toMatch(/forge sandbox shell/);
    const { pid, adminToken } = await state();
    expect(started.stdout + started.stderr).not.toContain(adminToken);

    const status = await forge('status', '--output', 'json');
    expect(status.code).toBe(0);
    expect(status.stdout).not.toContain(adminToken);
    expect(JSON.parse(status.stdout)).toMatchObject({
      running: true,
      pid,
      databases: expect.arrayContaining([
        expect.objectContaining({ target: 'dev/shop', database: 'shop_dev' }),
      ]),
      clusters: expect.arrayContaining([
        {
          target: 'dev/eks',
          cluster: 'dev-eks-cluster',
          endpoint: expect.stringMatching(/^https:\/\/127\.0\.0\.1:\d+$/),
          publicAccess: true,
        },
        expect.objectContaining({ target: 'prod-wealth/eks', publicAccess: false }),
      ]),
    });

    const stopped = await forge('stop');
    expect(stopped).toMatchObject({
      code: 0,
      stdout: '',
      stderr: 'The sandbox has ended; nothing of it is left.\n',
    });
    expect(await exists(folder)).toBe(false);
    await eventually(async () => (await processesNaming(binary)).length === 0);
    expect((await forge('status')).code).toBe(1);
    expect(await forge('stop')).toMatchObject({ code: 0, stderr: 'No sandbox runs.\n' });
  });

  it('started again says that it runs, and is the same', async () => {
    await forge('start');
    const { pid } = await state();
    const again = await forge('start');
    expect(again).toMatchObject({ code: 0, stderr: 'The sandbox runs already.\n' });
    expect((await state()).pid).toBe(pid);
  });

  it('started twice at once is one sandbox', async () => {
    const both = await Promise.all([forge('start'), forge('start')]);
    expect(both.map((run) => run.code)).toEqual([0, 0]);
    expect(both.filter((run) => run.stderr.includes('runs already'))).toHaveLength(1);
  });

  it('keeps secrets in files of their own mode and listens on loopback only', async () => {
    await forge('start');
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
    expect((await stat(join(folder, 'sandbox.json'))).mode & 0o777).toBe(0o600);
    const { databases, clusters, url, controlPort } = await state();
    const ports = [
      ...[url, ...clusters.map((cluster) => cluster.endpoint)].map((address) =>
        Number(new URL(address).port),
      ),
      controlPort,
      ...databases.map((database) => database.port),
    ].filter((port) => port > 0);
    const outward = Object.values(networkInterfaces())
      .flat()
      .find((address) => address !== undefined && !address.internal && address.family === 'IPv4');
    if (outward === undefined) return;
    for (const port of ports) expect(await answers(outward.address, port)).toBe(false);
  });

  it('its control port does nothing without the token', async () => {
    await forge('start');
    const { controlPort } = await state();
    const answer = await fetch(`http://127.0.0.1:${controlPort}/stop`, { method: 'POST' });
    expect(answer.status).toBe(403);
    expect((await forge('status')).code).toBe(0);
  });

  it('killed leaves no process; what it left on disk is cleared by the next start', async () => {
    await forge('start');
    const { pid } = await state();
    const data = await dataFolder(pid);
    expect((await readdir(folder)).filter((name) => name.startsWith('forge-handlers-'))).toHaveLength(1);
    process.kill(pid, 'SIGKILL');
    await eventually(async () => (await processesNaming(data)).length === 0 && !(await exists(data)));
    expect(await processesNaming(data)).toEqual([]);
    expect(await exists(data)).toBe(false);
    expect(await forge('status')).toMatchObject({ code: 1 });
    expect((await forge('start')).code).toBe(0);
    expect((await state()).pid).not.toBe(pid);
    expect((await readdir(folder)).filter((name) => name.startsWith('forge-handlers-'))).toHaveLength(1);
  });

  it('of another version of forge is named, and stopped', async () => {
    await forge('start');
    const { offline, people, ...known } = await state();
    await writeFile(join(folder, 'sandbox.json'), JSON.stringify(known));
    for (const word of ['status', 'start']) {
      const run = await forge(word);
      expect([run.code, run.stderr]).toEqual([2, expect.stringContaining('Another version of forge')]);
      expect(run.stderr).toContain('forge sandbox stop');
    }
    expect((await forge('stop')).stderr).toContain('The sandbox has ended');
    expect(await exists(folder)).toBe(false);
    await eventually(async () => (await processesNaming(folder)).length === 0);
  });

  it('whose PostgreSQL dies ends, too', async () => {
    await forge('start');
    const { pid } = await state();
    const data = await dataFolder(pid);
    const postmaster = Number((await readFile(join(data, 'data', 'postmaster.pid'), 'utf8')).split('\n')[0]);
    process.kill(postmaster, 'SIGKILL');
    await eventually(async () => !(await exists(folder)));
    expect(await exists(folder)).toBe(false);
    await eventually(async () => !(await exists(data)));
    expect(await exists(data)).toBe(false);
  });

  it('in the foreground ends with Ctrl-C and cleans up', async () => {
    using terminal = openTerminal(process.execPath, [binary, 'sandbox', 'start', '--foreground'], {
      env: environment(),
    });
    await terminal.waitFor(/Ctrl-C stops the sandbox/);
    expect((await forge('status')).code).toBe(0);
    terminal.write('\x03');
    expect(await terminal.exit).toBe(130);
    expect(await exists(folder)).toBe(false);
  });

  it('interrupted while it starts leaves nothing', async () => {
    const run = await forgeWith({ signal: { name: 'SIGTERM', afterMs: 450 } }, 'start', '--foreground');
    expect(run.code).toBe(143);
    await eventually(async () => !(await exists(folder)));
    expect(await exists(folder)).toBe(false);
  });

  it('tells what went wrong inside in its own words', async () => {
    const nowhere = join(home, 'no-postgres');
    const run = await forgeWith({ env: { FORGE_SANDBOX_POSTGRES: nowhere } }, 'start', '--output', 'json');
    expect(run.code).toBe(2);
    expect(run.stdout).toBe('');
    expect(JSON.parse(run.stderr)).toMatchObject({ error: { code: 'POSTGRES_MISSING' } });
    expect(await exists(folder)).toBe(false);
  });

  it('takes no folder with files of somebody else, and stop never removes one', async () => {
    const mine = join(home, 'mine');
    await mkdir(mine);
    await writeFile(join(mine, 'thesis.txt'), 'years of work');
    const options = { env: { FORGE_SANDBOX_DIR: mine } };
    expect(await forgeWith(options, 'start')).toMatchObject({ code: 2 });
    expect(await forgeWith(options, 'stop')).toMatchObject({ code: 0 });
    expect(await readFile(join(mine, 'thesis.txt'), 'utf8')).toBe('years of work');
  });

  it('--plan says what would happen and does nothing', async () => {
    const plan = await forge('start', '--plan');
    expect(plan.code).toBe(0);
    expect(plan.stdout).toMatch(/Nothing was done \(--plan\)\./);
    expect(await exists(folder)).toBe(false);
  });

  it('outlives the terminal that started it', async () => {
    const shell = spawn('/bin/sh', ['-c', '"$0" "$1" sandbox start', process.execPath, binary], {
      env: environment(),
      detached: true,
      stdio: 'ignore',
    });
    await new Promise((resolve) => shell.once('exit', resolve));
    try {
      process.kill(-(shell.pid ?? 0), 'SIGHUP');
    } catch {
      // The group is gone already: the daemon was not in it.
    }
    expect((await forge('status')).code).toBe(0);
  });
});

/** Where the daemon's PostgreSQL keeps its files, read off the guard's command line. */
async function dataFolder(daemon: number): Promise<string> {
  for (const line of await processesNaming('forge-sandbox-guard')) {
    const found = /forge-sandbox-guard (\S+forge-pg-\w+) /.exec(line)?.[1];
    const parent = found === undefined ? undefined : await parentOf(found);
    if (found !== undefined && parent === daemon) return found;
  }
  throw new Error(`no guard of process ${daemon}`);
}

async function parentOf(data: string): Promise<number | undefined> {
  const postmaster = (await readFile(join(data, 'data', 'postmaster.pid'), 'utf8')).split('\n')[0];
  const guard = await parentPid(Number(postmaster));
  return parentPid(guard);
}

async function parentPid(pid: number): Promise<number> {
  return Number(/^PPid:\s+(\d+)/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1]);
}

function answers(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: 1_000 });
    const settle = (value: boolean) => {
      socket.destroy();
      resolve(value);
    };
    socket.on('connect', () => settle(true));
    socket.on('error', () => settle(false));
    socket.on('timeout', () => settle(false));
  });
}
