import { cp, readdir, readFile, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { expect } from 'vitest';

/** Every file below a folder, as `path/with/slashes`, in order. Sockets and the like count as files. */
export async function listFiles(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).replaceAll('\\', '/'))
    .sort();
}

/** A copy of a HOME, file modes and all: what one test does to it no other sees. */
export async function copyHome(from: string, to: string): Promise<string> {
  await cp(from, to, { recursive: true, preserveTimestamps: true });
  return to;
}

/**
 * Nothing half done lies about: no temporary file, no lock, no scratch folder of psql, and every file that holds
 * JSON holds all of it.
 */
export async function expectTidy(folder: string, except: readonly string[] = []): Promise<void> {
  const files = (await listFiles(folder)).filter((file) => !except.includes(file));
  expect(
    files.filter((file) => /\.(forge|lock|break|new|tmp)$|(^|\/)cache\/forge\/psql\//.test(file)),
  ).toEqual([]);
  for (const file of files) {
    const path = join(folder, file);
    if (!(await stat(path)).isFile()) continue;
    const text = await readFile(path, 'utf8');
    const parts = file.endsWith('.json') ? [text] : file.endsWith('.jsonl') ? wholeLines(text, file) : [];
    for (const part of parts) expect(() => JSON.parse(part), `${file}: ${part}`).not.toThrow();
  }
}

function wholeLines(text: string, file: string): string[] {
  expect(text.endsWith('\n'), `${file} ends in the middle of a line`).toBe(true);
  return text.split('\n').slice(0, -1);
}
