import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { delimiter, isAbsolute, join } from 'node:path';
import type { Host } from '../host.ts';

/** Path of the installed psql, or undefined. Relative folders in PATH are passed over: they depend on where one is. */
export async function findPsql(host: Pick<Host, 'env' | 'platform'>): Promise<string | undefined> {
  const windows = host.platform === 'win32';
  const path = host.env.PATH ?? (windows ? host.env.Path : undefined) ?? '';
  for (const folder of path.split(delimiter)) {
    if (!isAbsolute(folder)) continue;
    // Only .exe on Windows: a .cmd would need a shell, which takes arguments apart.
    const candidate = join(folder, windows ? 'psql.exe' : 'psql');
    if (await isProgram(candidate)) return candidate;
  }
  return undefined;
}

async function isProgram(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}
