/** Run by file-lock.test.ts in many processes at once: reads a number, adds one, writes it back, under the lock. */
import { readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { withFileLock } from '../../src/files/file-lock.ts';
import { systemHost } from '../../src/host.ts';

const [, , path = '', mode = 'count'] = process.argv;

await withFileLock(systemHost(), path, async () => {
  if (mode === 'hang') {
    process.stdout.write('held\n');
    await sleep(60_000);
  }
  const before = Number(readFileSync(path, 'utf8'));
  await sleep(1);
  writeFileSync(path, String(before + 1));
});
process.exit(0);
