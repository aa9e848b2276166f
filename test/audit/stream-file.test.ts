import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { longestLine, openStream, streamsFolder } from '../../src/audit/stream-file.ts';
import { bundleScript } from '../support/bundle-script.ts';
import { createTestHost, type TestHost } from '../support/test-host.ts';

let host: TestHost;
beforeEach(() => {
  host = createTestHost();
});
afterEach(() => host.dispose());

const place = { session: 'BG-01M7ZE1ZKMZ492KT1PDCJG7F3K', name: 'lines.jsonl' };
const path = () => join(streamsFolder(host), place.session, place.name);
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

describe('a stream file', () => {
  it('has what was appended, in order, 0600 in a 0700 folder, and goes on when it is opened again', async () => {
    const first = await openStream(host, place);
    await first.append(['{"n":1}', '{"n":2}']);
    await first.append([]);
    await Promise.all([first.append(['{"n":3}']), first.append(['{"n":4}'])]);
    const text = '{"n":1}\n{"n":2}\n{"n":3}\n{"n":4}\n';
    expect(await first.close()).toEqual({ bytes: text.length, sha256: sha256(Buffer.from(text)) });
    expect(await first.close()).toEqual({ bytes: text.length, sha256: sha256(Buffer.from(text)) });
    await expect(first.append(['{}'])).rejects.toThrow('closed');
    expect(statSync(first.path).mode & 0o777).toBe(0o600);
    expect(statSync(join(streamsFolder(host), place.session)).mode & 0o777).toBe(0o700);
    const again = await openStream(host, place);
    await again.append(['{"n":5}']);
    expect(await again.close()).toEqual({
      bytes: text.length + 8,
      sha256: sha256(readFileSync(path())),
    });
    expect(readFileSync(path(), 'utf8')).toBe(`${text}{"n":5}\n`);
  });

  it('has in the file at once what is put, in the order of all calls, and tells its hash', async () => {
    const stream = await openStream(host, place);
    const wide = 'ü'.repeat(50_000);
    const appended = stream.append(['1']);
    stream.putBytes(Buffer.from('2\n'));
    expect(readFileSync(path(), 'utf8')).toBe('1\n2\n');
    stream.putBytes(Buffer.from(`${wide}\n`));
    const again = stream.appendBytes(Buffer.from('3\n'));
    for (let count = 0; count < 2_000; count++) stream.putBytes(Buffer.from(`${'x'.repeat(99)}\n`));
    await Promise.all([appended, again, stream.append([])]);
    const text = `1\n2\n${wide}\n3\n${`${'x'.repeat(99)}\n`.repeat(2_000)}`;
    expect(readFileSync(path(), 'utf8')).toBe(text);
    expect(await stream.close()).toEqual({
      bytes: Buffer.byteLength(text),
      sha256: sha256(Buffer.from(text)),
    });
    expect(() => stream.putBytes(Buffer.from('4\n'))).toThrow('closed');
  });

  it('waits at its end for what was not awaited', async () => {
    const stream = await openStream(host, place);
    const appended = Array.from({ length: 100 }, (_, n) => stream.append([`${n}`]));
    const { bytes } = await stream.close();
    await Promise.all(appended);
    expect(readFileSync(path())).toHaveLength(bytes);
    expect(readFileSync(path(), 'utf8').split('\n')).toHaveLength(101);
  });

  it('cuts off a last line without an end, wherever it was torn', async () => {
    mkdirSync(join(streamsFolder(host), place.session), { recursive: true, mode: 0o700 });
    const whole = fc.array(
      fc.string({ unit: 'grapheme', maxLength: 30 }).map((text) => JSON.stringify(text)),
    );
    const torn = fc.string({ unit: 'binary', maxLength: 200_000 }).map((text) => text.replaceAll('\n', ''));
    await fc.assert(
      fc.asyncProperty(whole, torn, async (lines, rest) => {
        const sound = lines.map((line) => `${line}\n`).join('');
        writeFileSync(path(), sound + rest, { mode: 0o600 });
        await using stream = await openStream(host, place);
        await stream.append(['"next"']);
        await stream.close();
        expect(readFileSync(path(), 'utf8')).toBe(`${sound}"next"\n`);
      }),
      { numRuns: 40 },
    );
  });

  it('takes no line with a line feed, none that is too long, and no name that is a path', async () => {
    await using stream = await openStream(host, place);
    await expect(stream.append(['a\nb'])).rejects.toThrow(TypeError);
    await expect(stream.append(['x'.repeat(longestLine + 1)])).rejects.toThrow(RangeError);
    await stream.append(['x'.repeat(longestLine)]);
    for (const name of ['..', '../x', 'a/b', 'a\\b', '', '.hidden', 'x.', 'a:b'])
      await expect(openStream(host, { ...place, name })).rejects.toThrow('Not a name');
  });

  it('writes to nothing that is a link or open to others', async () => {
    const folder = join(streamsFolder(host), place.session);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const precious = join(host.directories.home, 'precious');
    writeFileSync(precious, 'precious', { mode: 0o600 });
    symlinkSync(precious, path());
    await expect(openStream(host, place)).rejects.toMatchObject({ code: 'FILE_FAILED' });
    expect(readFileSync(precious, 'utf8')).toBe('precious');
    const other = { ...place, name: 'open.jsonl' };
    writeFileSync(join(folder, other.name), '');
    chmodSync(join(folder, other.name), 0o644);
    await expect(openStream(host, other)).rejects.toMatchObject({ code: 'UNSAFE_STREAM' });
    mkdirSync(join(folder, 'folder'));
    await expect(openStream(host, { ...place, name: 'folder' })).rejects.toMatchObject({ kind: 'failed' });
  });

  it('writes many small appends with few syncs', async () => {
    await using stream = await openStream(host, place);
    let answered = 0;
    let turns = 0;
    const appended = Promise.all(
      Array.from({ length: 2_000 }, (_, n) => stream.append([`${n}`]).then(() => answered++)),
    );
    // All come while the disk is busy with the first: they are answered for together.
    const seen = new Set<number>();
    while (answered < 2_000) {
      seen.add(answered);
      turns++;
      await new Promise((resolve) => setImmediate(resolve));
    }
    await appended;
    expect(turns).toBeGreaterThan(0);
    expect(seen.size).toBeLessThan(6);
    expect(readFileSync(path(), 'utf8').trimEnd().split('\n')).toHaveLength(2_000);
  });
});

describe('kill -9 while it appends', () => {
  let child: ChildProcess | undefined;
  afterEach(() => child?.kill('SIGKILL'));

  it('loses nothing that was answered for, and leaves whole lines after the next opening', async () => {
    const script = await bundleScript(
      join(import.meta.dirname, '..', 'support', 'stream-worker.ts'),
      host.directories.temporary,
    );
    let most = 0;
    for (let round = 0; round < 6; round++) {
      const { directories } = host;
      const name = `lines-${round}.jsonl`;
      child = spawn(process.execPath, [script, directories.state, name], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const answered = await killAfter(child, 20 + round * 150);
      const file = join(streamsFolder(host), 'BG-TEST', name);
      // What a kill in the midst of a write leaves; a test can't time one.
      if (round % 2 === 1) appendFileSync(file, '{"n":1234567,"te');
      await (await openStream(host, { session: 'BG-TEST', name })).close();
      const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1);
      const found = new Set(lines.map((line) => (JSON.parse(line) as { n: number }).n));
      expect(found.size).toBe(lines.length);
      expect(answered.filter((n) => !found.has(n))).toEqual([]);
      most = Math.max(most, answered.length);
    }
    expect(most).toBeGreaterThan(500);
  });
});

/** Kills it once it has answered for so many; all numbers that it had said by then. */
async function killAfter(child: ChildProcess, count: number): Promise<number[]> {
  let text = '';
  const ended = new Promise((resolve) => child.once('close', resolve));
  child.stdout?.on('data', (chunk: Buffer) => {
    text += chunk.toString();
    if (text.split('\n').length > count) child.kill('SIGKILL');
  });
  await ended;
  return text.split('\n').slice(0, -1).map(Number);
}
