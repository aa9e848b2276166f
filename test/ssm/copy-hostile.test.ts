import { lstatSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { open, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { RemoteShell } from '../../src/ssm/copy/remote-shell.ts';
import { unpackArchive } from '../../src/ssm/copy/unpack-archive.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'forge-hostile-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A ustar header; `type` 2 is a link. */
function header(name: string, type: string, target = ''): Buffer {
  const block = Buffer.alloc(512);
  block.write(name, 0, 'latin1');
  block.write('0000777\0', 100, 'latin1');
  block.write('00000000000\0', 124, 'latin1');
  block.write('00000000000\0', 136, 'latin1');
  block.write('        ', 148, 'latin1');
  block.write(type, 156, 'latin1');
  block.write(target, 157, 'latin1');
  block.write('ustar\0', 257, 'latin1');
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return block;
}

async function unpack(platform: NodeJS.Platform, ...blocks: Buffer[]): Promise<string[]> {
  const bytes = Buffer.concat([...blocks, Buffer.alloc(1024)]);
  const file = join(folder, 'archive');
  await writeFile(file, bytes);
  mkdirSync(join(folder, 'd'));
  await using archive = await open(file, 'r');
  const { signal } = new AbortController();
  return await unpackArchive(archive, bytes.length, join(folder, 'd'), { platform, preserve: true, signal });
}

it.each(['..\\..\\secret', 'C:\\secret', 'C:secret', '\\\\server\\share'])(
  'on Windows a link to %s, which leads out there, is left out',
  async (target) => {
    expect(await unpack('win32', header('in', '2', target))).toEqual([expect.stringContaining('leads out')]);
    expect(() => lstatSync(join(folder, 'd', 'in'))).toThrow('ENOENT');
  },
);

it('elsewhere that is a name like any other', async () => {
  expect(await unpack('linux', header('in', '2', 'a\\b:c'))).toEqual([]);
  expect(lstatSync(join(folder, 'd', 'in')).isSymbolicLink()).toBe(true);
});

it('an instance that answers without being asked is not listened to for ever', async () => {
  let listener: (bytes: Buffer) => void | Promise<void> = () => {};
  const shell = RemoteShell.start(
    {
      send: async () => {},
      onData: (given) => {
        listener = given;
      },
      lost: new Promise<never>(() => {}),
      [Symbol.asyncDispose]: async () => {},
    },
    'n',
  );
  await listener(Buffer.from(':forge\n:ready\n'));
  await shell;
  await expect(
    (async () => {
      for (let round = 0; round < 1_000; round++) await listener(Buffer.from(':have 1\n'));
    })(),
  ).rejects.toMatchObject({ code: 'COPY_GARBLED' });
});
