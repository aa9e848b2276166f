import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { bundleScript } from '../../support/bundle-script.ts';

const strace = spawnSync('strace', ['-f', '-e', 'trace=none', 'true']).status === 0;
if (!strace) console.warn('crash points are not tested: strace is missing or may not trace here');

/** Every system call that changes something in the kubeconfig's folder, from the first lock to the last unlink. */
const calls = 'openat,write,pwrite64,fsync,link,linkat,rename,renameat,renameat2,unlink,unlinkat';

describe.skipIf(!strace)('the kubeconfig, its writer killed at every file system call', () => {
  let directory: string;
  let script: string;
  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'forge-kube-crash-'));
    script = await bundleScript(join(import.meta.dirname, 'use-worker.ts'), directory);
  });
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  const before = `# mine\nkind: Config\nclusters:\n${Array.from({ length: 200 }, (_, index) => `- {name: c${index}, cluster: {server: "https://c${index}"}}\n`).join('')}`;
  // One pool thread, so that strace's count of a call for a thread is the program's own.
  const run = (folder: string, options: readonly string[]) =>
    spawnSync('strace', ['-f', '-qq', ...options, process.execPath, script, 'dev'], {
      env: {
        PATH: process.env.PATH,
        HOME: folder,
        KUBECONFIG: join(folder, 'config'),
        UV_THREADPOOL_SIZE: '1',
      },
      encoding: 'utf8',
    });
  const newFolder = (name: string) => {
    const folder = join(directory, name);
    mkdirSync(folder);
    writeFileSync(join(folder, 'config'), before, { mode: 0o600 });
    return folder;
  };

  it('is the old or the new one, and the next run succeeds', () => {
    const whole = newFolder('whole');
    const log = join(directory, 'log');
    expect(run(whole, ['-y', '-o', log, '-e', `trace=${calls}`]).status).toBe(0);
    const after = readFileSync(join(whole, 'config'), 'utf8');
    expect(readdirSync(whole)).toEqual(['config']);
    const points = pointsIn(readFileSync(log, 'utf8'), whole);
    expect(points.length).toBeGreaterThan(8);
    const seen = new Set<string>();
    for (const [index, { call, when }] of points.entries()) {
      const folder = newFolder(`case-${index}`);
      const inject = [
        '-o',
        '/dev/null',
        '-e',
        `trace=${call}`,
        '-e',
        `inject=${call}:signal=KILL:when=${when}`,
      ];
      const ended = run(folder, inject);
      const where = `${call} ${when}`;
      expect(ended.signal ?? ended.status, where).toBe('SIGKILL');
      const text = readFileSync(join(folder, 'config'), 'utf8');
      expect([before, after], where).toContain(text);
      seen.add(text);
      const next = spawnSync(process.execPath, [script, 'dev'], {
        env: { PATH: process.env.PATH, HOME: folder, KUBECONFIG: join(folder, 'config') },
        encoding: 'utf8',
      });
      expect([next.status, next.stderr], where).toEqual([0, '']);
      expect(readFileSync(join(folder, 'config'), 'utf8'), where).toBe(after);
      expect(readdirSync(folder), where).not.toContain('config.lock');
      expect(parse(after).contexts).toHaveLength(1);
    }
    expect(seen.size).toBe(2);
  }, 60_000);
});

/** Which call of its kind, in its thread, touched the folder. strace counts by thread. */
function pointsIn(log: string, folder: string): readonly { readonly call: string; readonly when: number }[] {
  const counts = new Map<string, number>();
  const perThread = new Map<string, number>();
  const points: { call: string; when: number }[] = [];
  for (const line of log.split('\n')) {
    const [, thread = '', call] = /^(\d+) +(\w+)\(/.exec(line) ?? [];
    if (call === undefined) continue;
    const when = (perThread.get(`${thread} ${call}`) ?? 0) + 1;
    perThread.set(`${thread} ${call}`, when);
    const reads = call === 'openat' && !/O_CREAT|O_WRONLY|O_RDWR/.test(line);
    if (!line.includes(folder) || reads) continue;
    // Another thread's call with this number comes first in another run: it is killed there, which is a point too.
    if (!counts.has(`${call} ${when}`)) points.push({ call, when });
    counts.set(`${call} ${when}`, 1);
  }
  return points;
}
