import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findProgram } from '../../src/files/find-program.ts';
import { createTestHost, type TestHost } from '../support/test-host.ts';

let host: TestHost;
let bin: string;
beforeEach(() => {
  host = createTestHost();
  bin = join(host.directories.home, 'bin');
  mkdirSync(bin);
});
afterEach(() => host.dispose());

function put(path: string, mode: number): string {
  writeFileSync(path, '');
  chmodSync(path, mode);
  return path;
}
const find = (path: string | undefined, platform: NodeJS.Platform = 'linux') =>
  findProgram({ env: { PATH: path }, platform }, 'psql');

describe('a program', () => {
  it('is the first on the path', () => {
    const other = join(host.directories.home, 'other');
    mkdirSync(other);
    put(join(other, 'psql'), 0o755);
    const path = put(join(bin, 'psql'), 0o755);
    expect(find([bin, other].join(delimiter))).toBe(path);
    expect(find(['/no/such/folder', bin].join(delimiter))).toBe(path);
  });

  it('must be a file that can be run', () => {
    mkdirSync(join(bin, 'psql'));
    expect(find(bin)).toBeUndefined();
    const plain = join(host.directories.home, 'plain');
    mkdirSync(plain);
    put(join(plain, 'psql'), 0o644);
    expect(find(plain)).toBeUndefined();
  });

  it('is not looked for where one happens to be', () => {
    put(join(bin, 'psql'), 0o755);
    const before = process.cwd();
    process.chdir(bin);
    try {
      for (const path of ['', '.', delimiter, 'bin', undefined]) expect(find(path)).toBeUndefined();
    } finally {
      process.chdir(before);
    }
  });

  it('is an .exe on Windows, whatever else has its name', () => {
    put(join(bin, 'psql.cmd'), 0o755);
    put(join(bin, 'psql'), 0o755);
    expect(find(bin, 'win32')).toBeUndefined();
    const path = put(join(bin, 'psql.exe'), 0o755);
    expect(find(bin, 'win32')).toBe(path);
    expect(findProgram({ env: { Path: bin }, platform: 'win32' }, 'psql')).toBe(path);
  });
});
