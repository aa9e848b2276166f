import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundleScript } from '../support/bundle-script.ts';

const strace = spawnSync('strace', ['-f', '-e', 'trace=none', 'true']).status === 0;
if (!strace) console.warn('crash points are not tested: strace is missing or may not trace here');

/** One pool thread, so that strace's per-thread count of a call is the program's own count. */
const environment = { ...process.env, UV_THREADPOOL_SIZE: '1' };

describe.skipIf(!strace)('replaceFile, killed or refused at every system call', () => {
  let directory: string;
  let script: string;
  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'forge-crash-'));
    script = await bundleScript(join(import.meta.dirname, 'replace-worker.ts'), directory);
  });
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  const [before, after] = ['old '.repeat(5_000), 'new '.repeat(20_000)];
  const run = (call: string, effect: string, when: number) => {
    const folder = mkdtempSync(join(directory, 'case-'));
    const path = join(folder, 'file');
    writeFileSync(path, before);
    const inject = `inject=${call}:${effect}:when=${when}`;
    const args = [
      '-f',
      '-qq',
      '-o',
      '/dev/null',
      '-e',
      `trace=${call}`,
      '-e',
      inject,
      process.execPath,
      script,
      path,
      after,
    ];
    const ended = spawnSync('strace', args, { env: environment, encoding: 'utf8' });
    return { ended, folder, text: readFileSync(path, 'utf8') };
  };

  it.each([
    ['fsync', 1, 'old'],
    ['fsync', 2, 'new'],
    ['rename', 1, 'old'],
  ])('killed at %s %d: the whole %s content', (call, when, expected) => {
    const { ended, text } = run(call, 'signal=KILL', when);
    expect(ended.signal ?? ended.status).toBe('SIGKILL');
    expect(text).toBe(expected === 'old' ? before : after);
  });

  it.each([
    ['fsync', 'ENOSPC', 'the disk is full'],
    ['fsync', 'EIO', 'the disk reports an error'],
    ['rename', 'EACCES', 'permission denied'],
  ])('%s answers %s: one sentence, the old content, nothing left beside it', (call, code, reason) => {
    const { ended, text, folder } = run(call, `error=${code}`, 1);
    expect(ended.stderr).toContain(reason);
    expect(ended.status).toBe(1);
    expect(text).toBe(before);
    expect(readdirSync(folder)).toEqual(['file']);
  });
});
