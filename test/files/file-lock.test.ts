import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { withFileLock } from '../../src/files/file-lock.ts';
import { bundleScript } from '../support/bundle-script.ts';
import { createTestHost } from '../support/test-host.ts';

describe('withFileLock', () => {
  let directory: string;
  let script: string;
  const host = createTestHost();
  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'forge-lock-'));
    script = await bundleScript(join(import.meta.dirname, 'lock-worker.ts'), directory);
  });
  afterAll(() => {
    rmSync(directory, { recursive: true, force: true });
    host.dispose();
  });

  const fresh = (name: string) => {
    const path = join(directory, name);
    writeFileSync(path, '0');
    return path;
  };
  const start = (...args: string[]) =>
    spawn(process.execPath, [script, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });

  it('lets one of 50 processes in at a time, and a killed holder does not keep the others out', async () => {
    const path = fresh('counter');
    const holder = start(path, 'hang');
    await once(holder.stdout, 'data');
    const workers = Array.from({ length: 50 }, () => start(path));
    holder.kill('SIGKILL');
    const codes = await Promise.all(workers.map(async (worker) => (await once(worker, 'exit'))[0]));
    expect(codes).toEqual(codes.map(() => 0));
    expect(readFileSync(path, 'utf8')).toBe('50');
    expect(existsSync(`${path}.lock`)).toBe(false);
    expect(existsSync(`${path}.lock.break`)).toBe(false);
  });

  it('is free again after a failure inside', async () => {
    const path = fresh('failing');
    await expect(withFileLock(host, path, () => Promise.reject(new Error('inside')))).rejects.toThrow(
      'inside',
    );
    await expect(withFileLock(host, path, async () => 'next')).resolves.toBe('next');
  });

  it('waits for a living holder, then says which file is in the way', async () => {
    const path = fresh('held');
    writeFileSync(`${path}.lock`, `${process.pid} ${hostname()} 00\n`);
    const waiting = withFileLock(host, path, async () => 'in', { waitMilliseconds: 100 });
    await expect(waiting).rejects.toMatchObject({ code: 'LOCKED', hint: expect.stringContaining('.lock') });
  });

  it('takes a lock whose number is now another program’s', async () => {
    const path = fresh('reused');
    writeFileSync(`${path}.lock`, `${process.pid} ${hostname()} 00\n`);
    const longAgo = new Date(Date.now() - 3_600_000);
    utimesSync(`${path}.lock`, longAgo, longAgo);
    await expect(withFileLock(host, path, async () => 'in')).resolves.toBe('in');
  });

  it('takes a lock of another machine only when it is old', async () => {
    const path = fresh('elsewhere');
    writeFileSync(`${path}.lock`, '1 another-machine 00\n');
    const soon = withFileLock(host, path, async () => 'in', { waitMilliseconds: 50 });
    await expect(soon).rejects.toMatchObject({ code: 'LOCKED' });
    const later = withFileLock(host, path, async () => 'in', { waitMilliseconds: 500, staleMilliseconds: 0 });
    await expect(later).resolves.toBe('in');
  });

  it('stops waiting when interrupted', async () => {
    const path = fresh('interrupted');
    writeFileSync(`${path}.lock`, `${process.pid} ${hostname()} 00\n`);
    const impatient = createTestHost();
    const waiting = withFileLock(impatient, path, async () => 'in');
    setTimeout(() => impatient.interrupt(), 20);
    await expect(waiting).rejects.toBe('SIGINT');
    impatient.dispose();
  });
});
