import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** What `node -e 0` takes on a machine of two cores that has nothing else to do, milliseconds. */
const idleMs = 60;
const samples = 3;

/**
 * How many times slower than when idle this machine is at the moment; never below 1. A bar in milliseconds means forge
 * and not what else runs here: multiply it by this, asked for just after what is measured.
 */
export async function slowness(): Promise<number> {
  const started = performance.now();
  for (let count = 0; count < samples; count++) await promisify(execFile)(process.execPath, ['-e', '0']);
  return Math.max(1, (performance.now() - started) / samples / idleMs);
}
