import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { Host } from '../../host.ts';
import { ConfirmationWords } from './confirmation-words.ts';

/** This person's on this machine, for all targets. */
export function openWords(
  host: Pick<Host, 'directories' | 'platform' | 'userId' | 'now'>,
): Promise<ConfirmationWords> {
  return ConfirmationWords.open(host, {
    folder: join(host.directories.cache, 'confirm'),
    now: () => host.now(),
    random: () => randomBytes(3).toString('hex'),
  });
}
