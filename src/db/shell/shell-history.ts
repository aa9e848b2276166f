import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { withFileLock } from '../../files/file-lock.ts';
import { ensurePrivateDirectory } from '../../files/private-directory.ts';
import { readTextFile, replaceFile } from '../../files/replace-file.ts';
import type { Host } from '../../host.ts';

export interface ShellHistory {
  /** The newest first, as readline wants them. */
  readonly lines: readonly string[];
  /** Lines of one statement or command, the oldest first. False: it may hold a secret and was not kept. */
  add(lines: readonly string[]): Promise<boolean>;
}

const keptLines = 1_000;

/**
 * What was typed in earlier shells, in a file that only the person can read. Losing it never stops a shell: `onFailure`
 * is told once, and the shell goes on without.
 */
export async function openHistory(host: Host, onFailure: (error: unknown) => void): Promise<ShellHistory> {
  const path = join(host.directories.state, 'shell-history');
  let working = true;
  const attempt = async <Value>(step: () => Promise<Value>, otherwise: Value): Promise<Value> => {
    if (!working) return otherwise;
    try {
      return await step();
    } catch (error) {
      working = false;
      onFailure(error);
      return otherwise;
    }
  };
  const lines = await attempt(async () => {
    await ensurePrivateDirectory(host, host.directories.state);
    const all = linesOf(await readTextFile(path));
    if (all.length > 2 * keptLines) await shorten(host, path);
    return all.slice(-keptLines).reverse();
  }, []);
  return {
    lines,
    async add(added) {
      const kept = added.filter((line) => line.trim() !== '');
      if (kept.length === 0) return true;
      if (!isRecordable(kept.join('\n'))) return false;
      await attempt(async () => {
        // O_APPEND: two shells at once mix their lines and lose none.
        const file = await open(path, 'a', 0o600);
        try {
          await file.writeFile(kept.map((line) => `${line}\n`).join(''));
        } finally {
          await file.close();
        }
      }, undefined);
      return true;
    },
  };
}

/** False for what speaks of passwords and other secrets, and for what begins with a space (as bash's ignorespace). */
export function isRecordable(text: string): boolean {
  return !text.startsWith(' ') && !secretWords.test(text);
}

const secretWords = /passw|passphrase|secret|credential|api_?key|access_?key|token|\bcrypt\s*\(|pgp_sym/i;

async function shorten(host: Host, path: string): Promise<void> {
  await withFileLock(host, path, async () => {
    const kept = linesOf(await readTextFile(path)).slice(-keptLines);
    await replaceFile(path, kept.map((line) => `${line}\n`).join(''));
  });
}

function linesOf(text: string | undefined): string[] {
  return (text ?? '').split('\n').filter((line) => line !== '');
}
