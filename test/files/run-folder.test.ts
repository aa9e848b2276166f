import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openRunFolder, openSocketFolder } from '../../src/files/run-folder.ts';
import { createTestHost, type TestHost } from '../support/test-host.ts';

let host: TestHost;
beforeEach(() => {
  host = createTestHost();
});
afterEach(() => host.dispose());

/** The id of a process that has ended. */
async function deadPid(): Promise<number> {
  const child = spawn(process.execPath, ['-e', '0']);
  await once(child, 'close');
  return child.pid ?? 0;
}

it('is private, one for each, and gone with what is in it', async () => {
  const [one, other] = [await openRunFolder(host, 'kind'), await openRunFolder(host, 'kind')];
  expect(one.path).not.toBe(other.path);
  expect(statSync(one.path).mode & 0o777).toBe(0o700);
  expect(dirname(one.path)).toBe(join(host.directories.cache, 'kind'));
  writeFileSync(join(one.path, 'file'), '');
  await one[Symbol.asyncDispose]();
  expect([existsSync(one.path), existsSync(other.path)]).toEqual([false, true]);
  // A second time does no harm.
  await one[Symbol.asyncDispose]();
  await other[Symbol.asyncDispose]();
});

it('removes those of runs that were killed, and nothing else', async () => {
  const parent = join(host.directories.cache, 'kind');
  const dead = await deadPid();
  const left = join(parent, `${dead}-0123456789ab`);
  const living = join(parent, `${process.ppid}-0123456789ab`);
  const foreign = join(parent, 'notes');
  // Somebody's own, though it begins with a number.
  const report = join(parent, `${dead}-report`);
  for (const path of [left, living, foreign, report]) mkdirSync(path, { recursive: true, mode: 0o700 });
  writeFileSync(join(left, 'kubeconfig'), '');
  await using _folder = await openRunFolder(host, 'kind');
  expect([left, living, foreign, report].map((path) => existsSync(path))).toEqual([false, true, true, true]);
});

it('is not opened where others could put something', async () => {
  mkdirSync(join(host.directories.cache, 'kind'), { recursive: true, mode: 0o700 });
  chmodSync(join(host.directories.cache, 'kind'), 0o777);
  await expect(openRunFolder(host, 'kind')).rejects.toMatchObject({ code: 'UNSAFE_FOLDER' });
});

it('follows no link that another user may have laid in the folder for temporary files', async () => {
  const { home, temporary } = host.directories;
  const trap = join(home, 'papers');
  const victim = join(trap, `${await deadPid()}-0123456789ab`);
  mkdirSync(victim, { recursive: true, mode: 0o700 });
  const kind = `test-${process.pid}`;
  const directories = { ...host.directories, cache: join(temporary, 'x'.repeat(100)) };
  const link = join(temporary, `forge-${kind}-${host.userId ?? 'user'}`);
  symlinkSync(trap, link);
  await expect(openSocketFolder({ ...host, directories }, kind, 'token')).rejects.toMatchObject({
    code: 'UNSAFE_FOLDER',
  });
  expect(existsSync(victim)).toBe(true);
  rmSync(link);
});

it.each([
  ['linux', 107],
  ['darwin', 103],
] as const)(
  'on %s a socket’s path has at most %i bytes, in the cache folder where that is possible',
  async (platform, longest) => {
    const kind = `test-${process.pid}`;
    const temporary = host.directories.temporary;
    const at = async (cache: string, elsewhere: string) => {
      const directories = { ...host.directories, cache, temporary: elsewhere };
      const folder = await openSocketFolder({ ...host, platform, directories }, kind, 'token');
      await folder[Symbol.asyncDispose]();
      expect(Buffer.byteLength(join(folder.path, 'token'))).toBeLessThanOrEqual(longest);
      return dirname(folder.path);
    };
    const own = `forge-${kind}-${host.userId ?? 'user'}`;
    const deep = join(temporary, 'x'.repeat(100));
    // Bytes count, not characters.
    const wide = join(temporary, 'é'.repeat(45));
    expect(await at(temporary, '/nowhere')).toBe(join(temporary, kind));
    expect(await at(deep, temporary)).toBe(join(temporary, own));
    expect(await at(wide, temporary)).toBe(join(temporary, own));
    expect(await at(deep, wide)).toBe(join('/tmp', own));
    rmSync(join('/tmp', own), { recursive: true, force: true });
  },
);
