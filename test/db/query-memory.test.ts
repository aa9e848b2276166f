import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { bundleScript } from '../support/bundle-script.ts';
import { type PlainPostgres, plainUser, startPlainPostgres } from '../support/plain-postgres.ts';

let postgres: PlainPostgres;
let script: string;
const folder = mkdtempSync(join(tmpdir(), 'forge-test-'));
beforeAll(async () => {
  postgres = await startPlainPostgres();
  script = await bundleScript(join(import.meta.dirname, '..', 'support', 'query-worker.ts'), folder);
}, 60_000);
afterAll(async () => {
  await postgres[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

const megabyte = 1024 * 1024;
const rows = 500_000;
const sql = `select n, md5(n::text) as hash, repeat('x', 100) as filler from generate_series(1, ${rows}) n`;

interface Streamed {
  readonly bytes: number;
  readonly lines: number;
  readonly peak: number;
  readonly digest: string;
}

async function stream(pauseMilliseconds: number): Promise<Streamed> {
  const child = spawn(process.execPath, [script, postgres.folder, plainUser, sql], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const closed = once(child, 'close');
  let said = '';
  child.stderr.on('data', (chunk) => {
    said += chunk;
  });
  const hash = createHash('sha256');
  let bytes = 0;
  let lines = 0;
  let paused = false;
  for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
    hash.update(chunk);
    bytes += chunk.length;
    for (const byte of chunk) if (byte === 10) lines++;
    if (!paused && bytes > 2 * megabyte) {
      paused = true;
      await sleep(pauseMilliseconds);
    }
  }
  await closed;
  return { bytes, lines, peak: Number(said), digest: hash.digest('hex') };
}

it('half a million rows take a constant amount of memory, also when the reader dawdles', async () => {
  const quick = await stream(0);
  const slow = await stream(1_500);
  expect(quick.lines).toBe(rows + 1);
  expect(slow.digest).toBe(quick.digest);
  expect(quick.bytes).toBeGreaterThan(60 * megabyte);
  expect(quick.peak).toBeGreaterThan(20 * megabyte);
  expect(quick.peak).toBeLessThan(150 * megabyte);
  expect(slow.peak).toBeLessThan(150 * megabyte);
}, 60_000);
