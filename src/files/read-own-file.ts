import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import type { Host } from '../host.ts';

/**
 * The text of a file that only this person can have written and read: not a link, not another user's, not open
 * to others, not huge. Undefined when it is anything else, or not there.
 */
export async function readOwnFile(
  host: Pick<Host, 'platform' | 'userId'>,
  path: string,
  largest = 64 * 1024,
): Promise<string | undefined> {
  // O_NONBLOCK: opening a FIFO that somebody put there would wait for ever.
  const flags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);
  const file = await open(path, flags);
  try {
    const found = await file.stat();
    if (!found.isFile() || found.size > largest) return undefined;
    if (host.platform !== 'win32') {
      if (host.userId !== undefined && found.uid !== host.userId) return undefined;
      if ((found.mode & 0o077) !== 0) return undefined;
    }
    return await file.readFile('utf8');
  } finally {
    await file.close();
  }
}
