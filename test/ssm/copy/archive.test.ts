import { spawnSync } from 'node:child_process';
import {
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { linkStaysInside } from '../../../src/ssm/copy/archive-entry.ts';
import { planArchive } from '../../../src/ssm/copy/plan-archive.ts';
import { readArchive } from '../../../src/ssm/copy/read-archive.ts';
import { unpackArchive } from '../../../src/ssm/copy/unpack-archive.ts';
import { archiveSource } from '../../../src/ssm/copy/write-archive.ts';

const root = mkdtempSync(join(tmpdir(), 'forge-archive-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const newFolder = () => mkdtempSync(join(root, 'f-'));
const { signal } = new AbortController();

async function archiveOf(folder: string): Promise<Buffer> {
  const { entries } = await planArchive(folder, signal);
  const source = archiveSource(entries);
  const parts: Buffer[] = [];
  for await (const chunk of source.read()) parts.push(chunk);
  const bytes = Buffer.concat(parts);
  expect(bytes).toHaveLength(source.size);
  return bytes;
}

async function unpack(archive: Buffer, folder: string, preserve = true): Promise<string[]> {
  const path = join(newFolder(), 'archive');
  writeFileSync(path, archive);
  await using file = await open(path, 'r');
  return await unpackArchive(file, archive.length, folder, { platform: 'linux', preserve, signal });
}

/** Some of everything that a folder can hold. */
function makeTree(): string {
  const tree = newFolder();
  mkdirSync(join(tree, 'a', 'b', 'empty'), { recursive: true });
  writeFileSync(join(tree, 'a', 'b', 'x'.repeat(255)), 'a long name');
  mkdirSync(join(tree, 'y'.repeat(200), 'z'.repeat(200)), { recursive: true });
  writeFileSync(join(tree, 'y'.repeat(200), 'z'.repeat(200), 'ü'), 'a long path');
  writeFileSync(Buffer.from(`${tree}/\xff\xfe`, 'latin1'), 'no UTF-8', { mode: 0o600 });
  writeFileSync(join(tree, 'new\nline'), '', { mode: 0o755 });
  writeFileSync(join(tree, 'blocks'), Buffer.alloc(1024, 7));
  symlinkSync(`b/${'x'.repeat(255)}`, join(tree, 'a', 'link'));
  for (const name of ['blocks', 'a/b']) utimesSync(join(tree, name), 1_600_000_000, 1_600_000_000);
  return tree;
}

const same = (one: string, other: string) => {
  const { status, stdout } = spawnSync('diff', ['-r', '--no-dereference', one, other]);
  expect([status, stdout.toString()]).toEqual([0, '']);
};

describe('an archive', () => {
  it('is taken by the tar of this machine', async () => {
    const [tree, out] = [makeTree(), newFolder()];
    const { status, stderr } = spawnSync('tar', ['-xpf', '-', '-C', out], { input: await archiveOf(tree) });
    expect([status, stderr.toString()]).toEqual([0, '']);
    same(tree, out);
    expect(lstatSync(join(out, 'new\nline')).mode & 0o777).toBe(0o755);
    expect(lstatSync(join(out, 'blocks')).mtimeMs).toBe(1_600_000_000_000);
  });

  it.each([['gnu'], ['pax'], ['ustar'], ['oldgnu']])('of tar --format=%s is read', async (format) => {
    const [tree, out] = [makeTree(), newFolder()];
    if (format === 'ustar') rmSync(join(tree, 'y'.repeat(200)), { recursive: true });
    if (format === 'ustar') rmSync(join(tree, 'a', 'b', 'x'.repeat(255)));
    if (format === 'ustar') rmSync(join(tree, 'a', 'link'));
    linkSync(join(tree, 'blocks'), join(tree, 'same blocks'));
    const { stdout } = spawnSync('tar', [`--format=${format}`, '-cf', '-', '-C', tree, '.'], {
      maxBuffer: 1e8,
    });
    expect(await unpack(stdout, out)).toEqual([]);
    same(tree, out);
    expect(lstatSync(join(out, 'blocks')).mtimeMs).toBe(1_600_000_000_000);
    expect(lstatSync(join(out, 'same blocks')).ino).toBe(lstatSync(join(out, 'blocks')).ino);
  });

  it('comes out the same each time', async () => {
    const tree = makeTree();
    expect((await archiveOf(tree)).equals(await archiveOf(tree))).toBe(true);
  });

  it('of an empty folder is one', async () => {
    const out = newFolder();
    expect(await unpack(await archiveOf(newFolder()), out)).toEqual([]);
    expect(readdirSync(out)).toEqual([]);
  });
});

type Entry = readonly [name: string, type: string, target?: string];

/** As a hostile instance would write one: entries under any name. */
function hostile(...entries: readonly Entry[]): Buffer {
  const blocks = entries.map(([name, type, target = '']) => {
    const block = Buffer.alloc(512);
    block.write(name, 0, 'latin1');
    block.write('0000644\0', 100);
    block.write('00000000000\0', 124);
    block.write('00000000000\0', 136);
    block.write(type, 156);
    block.write(target, 157, 'latin1');
    block.write('ustar  \0', 257);
    block.fill(0x20, 148, 156);
    block.write(
      `${block
        .reduce((sum, byte) => sum + byte, 0)
        .toString(8)
        .padStart(6, '0')}\0 `,
      148,
    );
    return block;
  });
  return Buffer.concat([...blocks, Buffer.alloc(1024)]);
}

describe('a hostile archive', () => {
  it.each([['../x'], ['/x'], ['a/../../x'], ['a/..'], ['./../x']])(
    'with the name %s is refused',
    async (name) => {
      const out = newFolder();
      await expect(unpack(hostile([name, '0']), out)).rejects.toMatchObject({ code: 'COPY_HOSTILE' });
      expect(readdirSync(out)).toEqual([]);
    },
  );

  const attacks: readonly (readonly [string, readonly Entry[]])[] = [
    [
      'a link that is written through',
      [
        ['l', '2', '/tmp'],
        ['l/x', '0'],
      ],
    ],
    [
      'a link that a folder follows',
      [
        ['l', '2', '..'],
        ['l', '5'],
        ['l/x', '0'],
      ],
    ],
    [
      'a chain of links',
      [
        ['a', '2', '.'],
        ['b', '2', 'a/../..'],
      ],
    ],
    ['a hard link to what is not in it', [['h', '1', 'etc/passwd']]],
    ['a device', [['d', '3']]],
  ];
  it.each(attacks)('with %s writes nothing outside', async (_, entries) => {
    const parent = newFolder();
    const out = join(parent, 'out');
    mkdirSync(out);
    await unpack(hostile(...entries), out).catch(() => {});
    expect(readdirSync(parent)).toEqual(['out']);
    for (const name of readdirSync(out)) {
      const found = lstatSync(join(out, name));
      if (found.isSymbolicLink()) expect(linkStaysInside(name, readlinkSync(join(out, name)))).toBe(true);
      else expect(found.isFile() || found.isDirectory()).toBe(true);
    }
  });

  it('of any bytes ends, with an error of ours or none', async () => {
    const good = await archiveOf(makeTree());
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { maxLength: 8 }),
        fc.nat(good.length),
        async (changes, length) => {
          const bytes = Buffer.from(good.subarray(0, length));
          for (const [at, value] of changes) if (at < length) bytes[at] = value;
          const file = {
            read: async (buffer: Buffer, offset: number, size: number, position: number) => ({
              bytesRead: bytes.copy(buffer, offset, position, position + size),
              buffer,
            }),
          };
          try {
            for await (const { path, size } of readArchive(file as never, bytes.length)) {
              if (path.split('/').includes('..') || path.startsWith('/') || !(size <= bytes.length)) {
                throw new Error(`let through: ${path}`);
              }
            }
          } catch (error) {
            if (!String((error as { code?: string }).code).startsWith('COPY_')) throw error;
          }
        },
      ),
      { numRuns: 200 },
    );
  });
});

describe('a link', () => {
  it.each([
    ['l', 'x', true],
    ['a/l', '../x', true],
    ['a/b/l', '../../x/y', true],
    ['l', '.', true],
    ['l', '..', false],
    ['a/l', '../..', false],
    ['l', '/x', false],
    ['l', '', false],
    ['l', 'x/..', false],
    ['a/l', 'x/..', false],
    ['a/b/l', '../x/../y', false],
    ['l', 'x/../../y', false],
  ])('%s → %s stays inside: %s', (path, target, inside) => {
    expect(linkStaysInside(path, target)).toBe(inside);
  });
});
