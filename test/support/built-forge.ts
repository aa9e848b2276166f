import { execFile } from 'node:child_process';
import { access, cp, mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { inject } from 'vitest';

const root = join(import.meta.dirname, '..', '..');

/**
 * Path of bin/forge.cjs as it ships: bundled and minified by the project's own settings. FORGE_TEST_BINARY names
 * another to test instead (an unpacked npm package). Built once in a run, whoever of its workers comes first.
 */
export async function builtForge(): Promise<string> {
  if (process.env.FORGE_TEST_BINARY) return process.env.FORGE_TEST_BINARY;
  const folder = inject('builtForge');
  const binary = join(folder, 'bin', 'forge.cjs');
  if (await exists(binary)) return binary;
  // mkdir is the lock: exactly one succeeds.
  const mine = await mkdir(join(folder, 'building')).then(
    () => true,
    () => false,
  );
  if (mine) await build(folder);
  for (let waited = 0; !(await exists(binary)); waited += 50) {
    if (waited > 120_000) throw new Error('forge was not built within two minutes');
    await sleep(50);
  }
  return binary;
}

async function build(folder: string): Promise<void> {
  const rolldown = join(root, 'node_modules', 'rolldown', 'bin', 'cli.mjs');
  const { NODE_OPTIONS: _, ...env } = process.env;
  await promisify(execFile)(
    process.execPath,
    [rolldown, '-c', 'rolldown.config.ts', '-d', join(folder, 'dist'), '--logLevel', 'warn'],
    { cwd: root, env },
  );
  for (const name of ['samples', 'schema', 'infra', 'package.json']) {
    if (await exists(join(root, name))) await cp(join(root, name), join(folder, name), { recursive: true });
  }
  // Last and at once: it is what the others wait for.
  await cp(join(root, 'bin'), join(folder, 'bin.new'), { recursive: true });
  await rename(join(folder, 'bin.new'), join(folder, 'bin'));
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
