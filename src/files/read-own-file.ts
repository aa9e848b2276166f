import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import type { Host } from '../host.ts';

/**
 * The text of a file that only this person can have written and read: not a link, not another user's, not open
 * to others, not huge. Undefined when it is anything else; throws what the system says when it is not there.
 * Synchronous inside: a small file costs microseconds, node:fs/promises five milliseconds to load.
 */
export async function readOwnFile(
  host: Pick<Host, 'platform' | 'userId'>,
  path: string,
  largest = 64 * 1024,
): Promise<string | undefined> {
  // O_NONBLOCK: opening a FIFO that somebody put there would wait for ever.
  const flags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);
  const file = openSync(path, flags);
  try {
    const found = fstatSync(file);
    if (!found.isFile() || found.size > largest) return undefined;
    if (host.platform !== 'win32') {
      if (host.userId !== undefined && found.uid !== host.userId) return undefined;
      if ((found.mode & 0o077) !== 0) return undefined;
    }
    return readFileSync(file, 'utf8');
  } finally {
    closeSync(file);
  }
}
