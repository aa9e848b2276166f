import { lstat, readdir, rename, stat } from 'node:fs/promises';
import { escapeLine } from '../../lib/escape-for-terminal.ts';

/**
 * Moves what is in `from` to where `to` is, file by file where that folder exists already, else in one step. Answers
 * what was in the way. A link in the destination is never followed, but for `to` itself, which the person named.
 */
export async function mergeFolder(from: Buffer, to: Buffer, top = true): Promise<string[]> {
  const existing = await (top ? stat(to) : lstat(to)).catch(() => undefined);
  if (existing === undefined) {
    await rename(from, to);
    return [];
  }
  const moved = await lstat(from);
  if (!moved.isDirectory()) {
    if (existing.isDirectory()) return [inTheWay(to, 'a folder')];
    await rename(from, to);
    return [];
  }
  if (!existing.isDirectory()) return [inTheWay(to, existing.isSymbolicLink() ? 'a link' : 'no folder')];
  const warnings: string[] = [];
  for (const name of await readdir(from, 'buffer')) {
    const inner = Buffer.concat([Buffer.from('/'), name]);
    warnings.push(...(await mergeFolder(Buffer.concat([from, inner]), Buffer.concat([to, inner]), false)));
  }
  return warnings;
}

function inTheWay(path: Buffer, what: string): string {
  return escapeLine(`${path.toString()} is in the way: it is ${what} here`);
}
