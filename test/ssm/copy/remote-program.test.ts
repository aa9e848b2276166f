import { spawn, spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { lookAt } from '../../../src/ssm/copy/copy-job.ts';
import { fileSource } from '../../../src/ssm/copy/copy-source.ts';
import { keepFile } from '../../../src/ssm/copy/finish.ts';
import { remoteRequest } from '../../../src/ssm/copy/remote-program.ts';
import { RemoteShell } from '../../../src/ssm/copy/remote-shell.ts';
import { processStream } from '../../../src/ssm/copy/ssh-stream.ts';
import { upload } from '../../../src/ssm/copy/upload.ts';
import { shells, silent, startLocalShell } from './local-shell.ts';

const root = mkdtempSync(join(tmpdir(), 'forge-copy-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const newFolder = () => mkdtempSync(join(root, 'home-'));

describe('a request', () => {
  it('is taken by a real shell word for word', () => {
    const words = fc.array(
      fc.string({ unit: 'binary' }).map((text) => text.replaceAll('\0', '')),
      {
        maxLength: 40,
      },
    );
    fc.assert(
      fc.property(words, (given) => {
        // Surrogates that stand alone have no UTF-8.
        const plain = given.map((word) => Buffer.from(word).toString());
        const script = `verb() { for w do printf '%s\\0' "$w"; done; }\n${remoteRequest('verb', ...plain)}`;
        const { stdout } = spawnSync('/bin/sh', ['-c', script]);
        expect(stdout.toString().split('\0').slice(0, -1)).toEqual(plain);
      }),
      { numRuns: 100 },
    );
  });
});

describe.each(shells.map((words) => [words.join(' '), words] as const))('the program in %s', (_, words) => {
  it('keeps a file of any name, and leaves nothing else', async () => {
    const home = newFolder();
    const data = randomBytes(300_000);
    writeFileSync(join(root, 'data'), data);
    await using shell = await startLocalShell(home, words);
    for (const name of ['plain', "it's\n", '$(touch hacked)', '-rf', '* ?[a]', '~', '\\']) {
      const path = `./${name}`;
      expect((await lookAt(shell, path)).kind).toBe('absent');
      const done = await upload(
        shell,
        fileSource(join(root, 'data'), data.length),
        path,
        keepFile(0o640, 0, true),
        silent,
      );
      expect(done.sha256).toBe(createHash('sha256').update(data).digest('hex'));
      expect(readFileSync(join(home, name)).equals(data)).toBe(true);
      expect(await lookAt(shell, path)).toMatchObject({
        kind: 'file',
        size: data.length,
        mode: 0o640,
        mtime: 0,
      });
    }
    expect(readdirSync(home).filter((name) => name.startsWith('.forge-'))).toEqual([]);
    expect(readdirSync(home)).not.toContain('hacked');
  });

  it('gives a file from any byte on, with the digest of the whole', async () => {
    const home = newFolder();
    const data = randomBytes(100_000);
    writeFileSync(join(home, 'data'), data);
    await using shell = await startLocalShell(home, words);
    for (const from of [0, 1, 99_999, 100_000]) {
      const parts: Buffer[] = [];
      const [, digest, code] = await shell.receive(
        (bytes) => void parts.push(bytes),
        'give',
        'file',
        'data',
        String(from),
      );
      expect(Buffer.concat(parts).equals(data.subarray(from))).toBe(true);
      expect([digest, code]).toEqual([createHash('sha256').update(data).digest('hex'), '0']);
      const [, prefix] = await shell.ask(['prefix'], 'prefix', 'file', 'data', String(from));
      expect(prefix).toBe(createHash('sha256').update(data.subarray(0, from)).digest('hex'));
    }
  });
});

describe('a copy whose shell was killed hard', () => {
  it.each(shells.map((words) => [words.join(' '), words] as const))(
    'leaves a folder until the next one, which leaves those alone that live (%s)',
    async (_, words) => {
      const home = newFolder();
      const folders = () => readdirSync(home).filter((name) => name.startsWith('forge-copy-'));
      const killed = await startLocalShell(home, words);
      const [left = ''] = folders();
      process.kill(Number(left.split('.')[1]), 'SIGKILL');
      await killed[Symbol.asyncDispose]();
      expect(folders()).toEqual([left]);
      const living = await startLocalShell(home, words);
      expect(folders()).toHaveLength(1);
      expect(folders()).not.toContain(left);
      const next = await startLocalShell(home, words);
      expect(folders()).toHaveLength(2);
      await next[Symbol.asyncDispose]();
      await living[Symbol.asyncDispose]();
      expect(folders()).toEqual([]);
    },
  );
});

describe('a cut upload', () => {
  it('adds no half piece, and never to a file that has its name', async () => {
    const home = newFolder();
    const shell = await startLocalShell(home);
    await shell.ask(['part'], 'begin', 'file', 'key');
    await shell.ask(['go'], 'take', '1000', '0');
    // The session ends within a piece.
    await shell[Symbol.asyncDispose]();
    const [part = ''] = readdirSync(home);
    expect(part).toMatch(/^\.forge-key-.*\.part$/);
    expect(readFileSync(join(home, part))).toHaveLength(0);
  });

  it('is taken over by the next one, and the first one notices', async () => {
    const home = newFolder();
    await using first = await startLocalShell(home);
    await first.ask(['part'], 'begin', 'file', 'key');
    await first.ask(['go'], 'take', '10', '0');
    await using second = await startLocalShell(home);
    expect(await second.ask(['part'], 'begin', 'file', 'key')).toMatchObject([
      'part',
      '0',
      expect.anything(),
    ]);
    await expect(first.piece(Buffer.alloc(10), () => {})).rejects.toThrow(/Another copy/);
  });
});

describe('an instance that lacks programs', () => {
  const without = (...names: string[]) => {
    const bin = newFolder();
    for (const name of names) writeFileSync(join(bin, name), '#!/bin/sh\nexit 1\n', { mode: 0o755 });
    return { PATH: `${bin}:${process.env.PATH}` };
  };

  it.each([
    [['base64', 'openssl'], 'base64 or openssl'],
    [['sha256sum', 'shasum', 'openssl'], 'sha256sum, shasum or openssl'],
  ])('without %j says so', async (names, missing) => {
    await expect(startLocalShell(newFolder(), ['/bin/sh'], without(...names))).rejects.toThrow(missing);
  });

  it.skipIf(spawnSync('openssl', ['version']).status !== 0)('makes do with openssl', async () => {
    const home = newFolder();
    const data = randomBytes(100_000);
    writeFileSync(join(root, 'data'), data);
    await using shell = await startLocalShell(home, ['/bin/sh'], without('base64', 'sha256sum', 'shasum'));
    await upload(shell, fileSource(join(root, 'data'), data.length), 'x', keepFile(0o600, 0, false), silent);
    expect(readFileSync(join(home, 'x')).equals(data)).toBe(true);
    const parts: Buffer[] = [];
    await shell.receive((bytes) => void parts.push(bytes), 'give', 'file', 'x', '7');
    expect(Buffer.concat(parts).equals(data.subarray(7))).toBe(true);
  });

  it('is no POSIX shell at all, and what it said is shown', async () => {
    const child = spawn('/bin/sh', ['-c', 'echo "stty : The term is not recognized"']);
    await using stream = processStream(child, 'here');
    await expect(RemoteShell.start(stream, 'x')).rejects.toThrow(/POSIX shell: stty : The term/);
  });
});
