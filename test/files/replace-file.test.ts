import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ensurePrivateDirectory } from '../../src/files/private-directory.ts';
import { readTextFile, replaceFile } from '../../src/files/replace-file.ts';
import { createTestHost, type TestHost } from '../support/test-host.ts';

let host: TestHost;
let directory: string;
beforeEach(() => {
  host = createTestHost();
  directory = host.directories.home;
});
afterEach(() => host.dispose());

describe('replaceFile', () => {
  it('makes a new file that only its owner can read', async () => {
    const path = join(directory, 'secret');
    await replaceFile(path, 'content');
    expect(readFileSync(path, 'utf8')).toBe('content');
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it('keeps the mode of an existing one, or sets the wanted one', async () => {
    const path = join(directory, 'shared');
    writeFileSync(path, 'old');
    chmodSync(path, 0o644);
    await replaceFile(path, 'new');
    expect(statSync(path).mode & 0o777).toBe(0o644);
    await replaceFile(path, 'newer', { mode: 0o600 });
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it('keeps also what the umask would take from a new file', async () => {
    const path = join(directory, 'team');
    writeFileSync(path, 'old');
    for (const mode of [0o664, 0o666, 0o640, 0o400]) {
      chmodSync(path, mode);
      await replaceFile(path, 'new');
      expect(statSync(path).mode & 0o777).toBe(mode);
    }
  });

  it('writes through the person’s symlink and leaves the link', async () => {
    mkdirSync(join(directory, 'dotfiles'));
    const target = join(directory, 'dotfiles', 'config');
    writeFileSync(target, 'old');
    const link = join(directory, 'config');
    symlinkSync(target, link);
    await replaceFile(link, 'new');
    expect(lstatSync(link).isSymbolicLink()).toBe(true);
    expect(readFileSync(target, 'utf8')).toBe('new');
  });

  it('leaves the old file and nothing else when it can’t write', async () => {
    const path = join(directory, 'is-a-folder');
    mkdirSync(path);
    await expect(replaceFile(path, 'x')).rejects.toMatchObject({ kind: 'failed', code: 'FILE_FAILED' });
    expect(readdirSync(directory)).toEqual(['is-a-folder']);
  });

  it('a reader never sees half of it', async () => {
    const path = join(directory, 'big');
    const versions = ['a'.repeat(2_000_000), 'b'.repeat(1_000_000)];
    await replaceFile(path, versions[0] ?? '');
    let writing = true;
    const writer = (async () => {
      for (let round = 0; round < 20; round++) await replaceFile(path, versions[round % 2] ?? '');
      writing = false;
    })();
    let reads = 0;
    while (writing) {
      const text = await readTextFile(path);
      expect(text === versions[0] || text === versions[1]).toBe(true);
      reads++;
    }
    await writer;
    expect(reads).toBeGreaterThan(5);
  });
});

describe('readTextFile', () => {
  it('is undefined where there is none, and a clear failure where it can’t be read', async () => {
    expect(await readTextFile(join(directory, 'none'))).toBeUndefined();
    await expect(readTextFile(directory)).rejects.toMatchObject({ code: 'FILE_FAILED' });
  });
});

describe('ensurePrivateDirectory', () => {
  it('makes it 0700, and takes its own again', async () => {
    const path = join(directory, 'a', 'b');
    await ensurePrivateDirectory(host, path);
    await ensurePrivateDirectory(host, path);
    expect(statSync(path).mode & 0o777).toBe(0o700);
  });

  it('refuses one that others can write to, or that is another’s', async () => {
    const path = join(directory, 'open');
    mkdirSync(path);
    chmodSync(path, 0o777);
    await expect(ensurePrivateDirectory(host, path)).rejects.toMatchObject({ code: 'UNSAFE_FOLDER' });
    chmodSync(path, 0o700);
    const stranger = { platform: host.platform, userId: (host.userId ?? 0) + 1 };
    await expect(ensurePrivateDirectory(stranger, path)).rejects.toMatchObject({ code: 'UNSAFE_FOLDER' });
  });
});
