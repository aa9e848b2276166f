import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AuditEvent } from '../../src/audit/audit-events.ts';
import { appendToJournal, journalFolder } from '../../src/audit/journal.ts';
import { encodeRecord, firstPrevious, parseRecord } from '../../src/audit/journal-record.ts';
import { verifyJournal } from '../../src/audit/verify-journal.ts';
import { canTrace } from '../e2e/traced-forge.ts';
import { bundleScript } from '../support/bundle-script.ts';
import { createTestHost, type TestHost } from '../support/test-host.ts';

let host: TestHost;
beforeEach(() => {
  host = createTestHost();
});
afterEach(() => host.dispose());

const names = () => readdirSync(journalFolder(host)).filter((name) => name.endsWith('.jsonl'));
const file = () => join(journalFolder(host), names().sort().at(-1) ?? '');
const numbered = (n: number): AuditEvent => ({
  type: 'breakglass.session.opened',
  id: `${n}`,
  environment: 'prod',
});
const write = (count: number) =>
  Array.from({ length: count }, (_, n) => n).reduce(
    (before, n) => before.then(() => appendToJournal(host, numbered(n))),
    Promise.resolve(),
  );

describe('the journal', () => {
  it('is a chain that verifies, in 0600 files of a 0700 folder', async () => {
    expect(await verifyJournal(host)).toEqual({
      records: 0,
      torn: 0,
      complete: true,
      problem: undefined,
      streams: [],
    });
    await write(5);
    expect(await verifyJournal(host)).toEqual({
      records: 5,
      torn: 0,
      complete: true,
      problem: undefined,
      streams: [],
    });
    expect(statSync(file()).mode & 0o777).toBe(0o600);
    expect(statSync(journalFolder(host)).mode & 0o777).toBe(0o700);
    const first = parseRecord(readFileSync(file(), 'utf8').split('\n')[0] ?? '');
    expect(first).toMatchObject({
      previous: firstPrevious,
      event: { v: 1, type: 'breakglass.session.opened', id: '0' },
    });
  });

  it('shows every flipped bit', async () => {
    await write(12);
    const path = file();
    const good = readFileSync(path);
    for (let index = 0; index < 1_000; index++) {
      const position = Math.floor((index * good.length) / 1_000);
      const bad = Buffer.from(good);
      bad[position] = (bad[position] ?? 0) ^ (1 << (index % 8));
      writeFileSync(path, bad);
      const { problem } = await verifyJournal(host);
      expect(problem, `bit ${index % 8} of byte ${position}`).toBeDefined();
    }
  });

  it('shows a line that was taken out, moved or put in', async () => {
    await write(6);
    const path = file();
    const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
    const [a = '', b = '', c = '', ...rest] = lines;
    for (const changed of [
      [a, c, ...rest],
      [a, c, b, ...rest],
      [a, b, b, c, ...rest],
      [a, encodeRecord(host.now(), firstPrevious, { type: 'forged' }).line, b, c, ...rest],
    ]) {
      writeFileSync(path, `${changed.join('\n')}\n`);
      expect((await verifyJournal(host)).problem).toMatchObject({ line: expect.any(Number) });
    }
  });

  it('goes on after a line that was torn, and says so', async () => {
    for (let cut = 1; cut < 60; cut += 7) {
      await write(2);
      truncateSync(file(), statSync(file()).size - cut);
      await write(1);
    }
    const { torn, problem } = await verifyJournal(host);
    expect(problem).toBeUndefined();
    // The first cut took only the line feed: the record itself was whole.
    expect(torn).toBe(8);
    expect(readFileSync(file(), 'utf8')).toContain('"type":"journal.resumed"');
  });

  it('goes on after a file that holds nothing but a torn first line', async () => {
    mkdirSync(journalFolder(host), { recursive: true, mode: 0o700 });
    writeFileSync(join(journalFolder(host), '2000-01.jsonl'), '{"at":', { mode: 0o600 });
    await write(2);
    expect(await verifyJournal(host)).toMatchObject({ records: 3, torn: 1 });
  });

  it('continues the chain in the next month, and stays there when the clock goes back', async () => {
    await write(2);
    host.shiftClock(40 * 86_400_000);
    await write(2);
    host.shiftClock(-40 * 86_400_000);
    await write(1);
    expect(names()).toHaveLength(2);
    expect(await verifyJournal(host)).toEqual({
      records: 5,
      torn: 0,
      complete: true,
      problem: undefined,
      streams: [],
    });
  });

  it('says when older months are gone', async () => {
    await write(1);
    const old = file();
    host.shiftClock(40 * 86_400_000);
    await write(1);
    truncateSync(old, 0);
    expect(await verifyJournal(host)).toMatchObject({ complete: false, problem: undefined, streams: [] });
  });

  it('keeps one chain when many write at once', async () => {
    await Promise.all(Array.from({ length: 50 }, (_, n) => appendToJournal(host, numbered(n))));
    expect(await verifyJournal(host)).toMatchObject({ records: 50, problem: undefined, streams: [] });
  });

  it('takes nothing that others can write, and follows no link', async () => {
    await write(1);
    chmodSync(file(), 0o644);
    await expect(write(1)).rejects.toMatchObject({ code: 'UNSAFE_JOURNAL' });
    const other = createTestHost();
    mkdirSync(journalFolder(other), { recursive: true, mode: 0o700 });
    const month = new Date(other.now()).toISOString().slice(0, 7);
    const target = join(other.directories.home, 'precious');
    writeFileSync(target, 'precious');
    symlinkSync(target, join(journalFolder(other), `${month}.jsonl`));
    await expect(appendToJournal(other, numbered(0))).rejects.toMatchObject({ code: 'FILE_FAILED' });
    expect(readFileSync(target, 'utf8')).toBe('precious');
    other.dispose();
  });

  it('writes no secret that a reason holds, and no line break', async () => {
    await appendToJournal(host, {
      type: 'breakglass.emergency',
      id: 'BG-1',
      person: 'dana',
      tier: 0,
      account: '111122223333',
      environment: 'prod',
      role: 'arn:aws:iam::111122223333:role/x',
      reason: 'aws_secret_access_key=wJalrXUtnFEMI\nAKIAIOSFODNN7EXAMPLE "quoted\\"',
    });
    const text = readFileSync(file(), 'utf8');
    expect(text).not.toContain('wJalrXUtnFEMI');
    expect(text).not.toContain('AKIAIOSFODNN7EXAMPLE');
    expect(text.trimEnd().split('\n')).toHaveLength(1);
    expect((await verifyJournal(host)).problem).toBeUndefined();
  });

  it('fails, and changes nothing, when somebody else holds it and the person has had enough', async () => {
    await write(1);
    const before = readFileSync(file(), 'utf8');
    mkdirSync(join(journalFolder(host), 'journal.lock'));
    host.interrupt();
    await expect(write(1)).rejects.toBeDefined();
    expect(readFileSync(file(), 'utf8')).toBe(before);
  });
});

it('reads back every record it can write', () => {
  const text = fc.string({ unit: 'binary', maxLength: 60 });
  fc.assert(
    fc.property(text, text, fc.integer(), (type, reason, n) => {
      const { line, hash } = encodeRecord(0, firstPrevious, { type, reason, n });
      expect(line).not.toContain('\n');
      expect(parseRecord(line)).toEqual({
        event: { at: '1970-01-01T00:00:00.000Z', type, reason, n },
        previous: firstPrevious,
        hash,
      });
    }),
  );
});

it.skipIf(!canTrace)('has a record on the disk before what it records is done', async () => {
  const worker = join(import.meta.dirname, '..', 'support', 'journal-worker.ts');
  const script = await bundleScript(worker, host.directories.home);
  const trace = join(host.directories.home, 'trace');
  const seen = ['-f', '-qq', '-e', 'trace=write,pwrite64,fsync,fdatasync', '-o', trace];
  const ran = spawnSync('strace', [...seen, process.execPath, script, host.directories.state]);
  expect(ran.stdout.toString()).toBe('acted\n');
  expect(readFileSync(trace, 'utf8')).toMatch(
    /write\((\d+), "\{[^\n]+\n(?:[^\n]*\n)*?\d+ +f(?:data)?sync\(\1\)[^\n]* = 0\n(?:[^\n]*\n)*?\d+ +write\(1, "acted/,
  );
});
