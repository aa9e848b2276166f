import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Host } from '../host.ts';

/**
 * The start-up file that psql would read by itself: PSQLRC, else ~/.psqlrc (%APPDATA%\postgresql\psqlrc.conf on
 * Windows), where a file with psql's version at its end (`.psqlrc-15`) comes first.
 */
export async function findOwnPsqlRc(
  host: Pick<Host, 'env' | 'platform' | 'directories' | 'spawn'>,
  program: string,
): Promise<string | undefined> {
  const { env, platform, directories } = host;
  const standard =
    platform === 'win32'
      ? join(env.APPDATA ?? directories.home, 'postgresql', 'psqlrc.conf')
      : join(directories.home, '.psqlrc');
  const path = env.PSQLRC ? env.PSQLRC.replace(/^~(?=\/)/, directories.home) : standard;
  const beside = await readdir(dirname(path)).catch((): string[] => []);
  const name = basename(path);
  if (beside.some((other) => other.startsWith(`${name}-`))) {
    const version = await versionOf(host, program);
    for (const suffix of [version, version.split('.')[0]]) {
      if (suffix && beside.includes(`${name}-${suffix}`)) return `${path}-${suffix}`;
    }
  }
  return (await isFile(path)) ? path : undefined;
}

async function versionOf(host: Pick<Host, 'spawn'>, program: string): Promise<string> {
  const child = host.spawn(program, ['--version'], { stdio: ['ignore', 'pipe', 'ignore'] });
  let text = '';
  child.stdout?.on('data', (chunk) => {
    text += chunk;
  });
  await new Promise<void>((resolve) => {
    child.once('error', () => resolve());
    child.once('close', () => resolve());
  });
  return /\d+(?:\.\d+)*/.exec(text)?.[0] ?? '';
}

async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
}
