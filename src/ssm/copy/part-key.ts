import { createHash } from 'node:crypto';

/** Names what is on its way to one place, in a file name that has room beside any other. */
export function partKey(...words: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(words)).digest('hex').slice(0, 16);
}
