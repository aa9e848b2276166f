import { execFile } from 'node:child_process';
import { cp, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runProgram, startTestSandbox, type TestSandbox } from '../support/sandbox.ts';
import { listFiles } from './home-folder.ts';

/** What ships is what works: the package as npm makes it, installed where nothing else is. */
const root = join(import.meta.dirname, '..', '..');
const manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as {
  readonly name: string;
  readonly version: string;
  readonly files: readonly string[];
};
const run = promisify(execFile);
let sandbox: TestSandbox;
/** Where it was installed, and its own folder in there. */
let installed: string;
let own: string;

beforeAll(async () => {
  sandbox = await startTestSandbox();
  const [checkout, target] = [await sandbox.newHome(), await sandbox.newHome()];
  await copyCheckout(checkout);
  // `npm test` tells its children where they run by variables; npm pack must not hear of them.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name)));
  const npm = (args: readonly string[], cwd: string) =>
    run('npm', [...args, '--no-audit', '--no-fund', '--no-update-notifier'], {
      cwd,
      env: { ...env, npm_config_cache: join(target, 'npm-cache') },
    });
  // Builds first: prepack.
  const { stdout } = await npm(['pack', '--json', '--pack-destination', target], checkout);
  const [packed] = JSON.parse(stdout.slice(stdout.indexOf('['))) as { filename: string }[];
  installed = join(target, 'elsewhere');
  await mkdir(installed);
  await writeFile(join(installed, 'package.json'), '{"private":true}');
  const tarball = join(target, packed?.filename ?? '');
  await npm(['install', '--offline', '--ignore-scripts', '--omit=optional', tarball], installed);
  own = join(installed, 'node_modules', ...manifest.name.split('/'));
});
afterAll(() => sandbox?.[Symbol.asyncDispose]());

/** The repository as somebody has it who works on it: with tests, and with files that are nobody's business. */
async function copyCheckout(folder: string): Promise<void> {
  const skipped = new Set(['node_modules', 'dist', '.git']);
  for (const name of await readdir(root)) {
    if (!skipped.has(name)) await cp(join(root, name), join(folder, name), { recursive: true });
  }
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
  for (const name of ['.env', 'samples/.env.local', 'bin/forge.cjs.map', 'schema/debug.log', 'forge.yaml']) {
    await writeFile(join(folder, name), 'nobody should see this\n');
  }
}

const forge = (args: readonly string[], env: NodeJS.ProcessEnv) =>
  runProgram(join(installed, 'node_modules', '.bin', 'forge'), args, env, { cwd: installed });
const plain = () => ({ PATH: process.env.PATH, HOME: installed });

describe('the package', () => {
  it('holds what package.json says and nothing else', async () => {
    const files = await listFiles(own);
    const promised = [...manifest.files.filter((name) => !name.startsWith('!')), 'package.json'];
    const within = (file: string) => promised.some((name) => file === name || file.startsWith(`${name}/`));
    expect(files.filter((file) => !within(file))).toEqual([]);
    for (const name of promised)
      expect(
        files.some((file) => within(file)),
        name,
      ).toBe(true);
    expect(files).toContain('bin/forge.cjs');
    // Terraform's own tests go with the modules.
    const others = files.filter((file) => !file.startsWith('infra/module-tests/'));
    expect(others.filter((file) => /\.(map|log|ts)$|(^|\/)\.|test|\.sock$/.test(file))).toEqual([]);
    const sizes = await Promise.all(files.map(async (file) => (await stat(join(own, file))).size));
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(8 * 1024 * 1024);
  });

  it('names no folder of the machine that made it, and holds no source map', async () => {
    for (const file of await listFiles(join(own, 'dist'))) {
      const text = await readFile(join(own, 'dist', file), 'utf8');
      expect(text.includes(root) || text.includes('sourceMappingURL'), file).toBe(false);
    }
  });

  it('brings no other package along', async () => {
    const packages = await readdir(join(installed, 'node_modules'));
    expect(packages.filter((name) => !name.startsWith('.'))).toEqual([manifest.name.split('/')[0]]);
  });
});

describe('installed', () => {
  it('says its version and its help', async () => {
    expect(await forge(['--version'], plain())).toMatchObject({
      code: 0,
      stdout: `${manifest.version}\n`,
      stderr: '',
    });
    const help = await forge(['--help'], plain());
    expect(help).toMatchObject({ code: 0, stderr: '' });
    expect(help.stdout).toMatch(/db connect[\s\S]*sandbox start/);
  });

  it('loads every command: each shows its help with examples', async () => {
    const { entries } = await import('../../src/command-tree.ts');
    const helps = await Promise.all(
      entries.map(async ({ path }) => [path, await forge([...path.split(' '), '--help'], plain())] as const),
    );
    for (const [path, help] of helps) {
      expect(help, path).toMatchObject({ code: 0, stderr: '' });
      expect(help.stdout, path).toMatch(new RegExp(`Usage: forge ${path}[\\s\\S]*\\nExamples:\\n  `));
    }
  });

  it('signs in, says who one is, queries, and opens the built-in shell', async () => {
    const home = await sandbox.newHome();
    await sandbox.signIn('dana', { home });
    const env = sandbox.environment({ home });
    const whoami = await forge(['whoami', '--output', 'json'], env);
    expect(whoami, whoami.stderr).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(whoami.stdout)).toMatchObject({ person: 'dana@tapp.example' });
    const query = await forge(['db', 'query', 'dev', 'select 6 * 7 as answer', '--output', 'csv'], env);
    expect(query, query.stderr).toMatchObject({ code: 0, stdout: 'answer\n42\n' });
    const login = await forge(['login', '--output', 'json'], env);
    expect(JSON.parse(login.stdout)).toMatchObject({ signedIn: 'already' });
    const shell = await runProgram(
      join(installed, 'node_modules', '.bin', 'forge'),
      ['db', 'connect', 'dev', '--client', 'builtin'],
      env,
      { stdin: '\\d orders\n' },
    );
    expect(shell, shell.stderr).toMatchObject({ code: 0 });
    expect(shell.stdout).toMatch(/orders[\s\S]*Column/);
  });

  it('writes its sample, which it then reads', async () => {
    const check = await forge(['config', 'check', '--config', join(own, 'samples', 'forge.yaml')], plain());
    expect(check, check.stderr).toMatchObject({ code: 0 });
  });
});
