import { readdir, readFile, stat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

/** Command lines of this machine's processes that name a path. Linux only; elsewhere none. */
export async function processesNaming(path: string): Promise<string[]> {
  if (process.platform !== 'linux') return [];
  const found: string[] = [];
  for (const pid of await readdir('/proc')) {
    if (!/^\d+$/.test(pid)) continue;
    const line = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    if (line.includes(path)) found.push(line.replaceAll('\0', ' '));
  }
  return found;
}

export async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/** Waits until it holds, ten seconds at most; the assertion after it says what was wrong. */
export async function eventually(holds: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + 10_000;
  while (performance.now() < end && !(await holds())) await sleep(25);
}
