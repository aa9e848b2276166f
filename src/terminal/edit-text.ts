import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openRunFolder } from '../files/run-folder.ts';
import type { Host } from '../host.ts';
import { runChild } from './run-child.ts';

/** Nobody writes that much into an editor by hand. */
const largest = 1024 * 1024;

/**
 * The text as the person leaves it in their editor ($VISUAL, else $EDITOR, else vi or notepad); undefined where the editor
 * fails, which is how one says "forget it" there (`:cq`). The file is theirs alone, and gone afterwards. Throws failed
 * PROGRAM_NOT_FOUND.
 */
export async function editText(host: Host, text: string, name: string): Promise<string | undefined> {
  await using folder = await openRunFolder(host, 'edit');
  const path = join(folder.path, name);
  await writeFile(path, text, { mode: 0o600, flag: 'wx' });
  const [command = '', ...args] = editorWords(host);
  const code = await runChild({ host }, command, [...args, path], host.env);
  if (code !== 0) return undefined;
  // Some editors put a new file in the place of the old one.
  const edited = await readFile(path, 'utf8').catch(() => undefined);
  return edited === undefined || edited.length > largest ? undefined : edited;
}

/** Program and arguments; never empty. Quotation marks hold words together, and nothing else means anything. */
export function editorWords({ env, platform }: Pick<Host, 'env' | 'platform'>): readonly string[] {
  const typed = env.VISUAL?.trim() || env.EDITOR?.trim() || (platform === 'win32' ? 'notepad' : 'vi');
  // A path of Windows with blanks in it is often given as it is.
  if (platform === 'win32' && /^[a-z]:\\[^"]*\.exe$/i.test(typed)) return [typed];
  return [...typed.matchAll(/(?:[^\s"']|"[^"]*"?|'[^']*'?)+/g)].map(([word]) =>
    word.replace(/"([^"]*)"?|'([^']*)'?/g, (_, double: string | undefined, single: string | undefined) =>
      String(double ?? single ?? ''),
    ),
  );
}
