import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';
import type { Host } from '../host.ts';

/** Path of an installed program, or undefined. Relative folders in PATH are passed over: they depend on where one is. */
export function findProgram(host: Pick<Host, 'env' | 'platform'>, name: string): string | undefined {
  const windows = host.platform === 'win32';
  const path = host.env.PATH ?? (windows ? host.env.Path : undefined) ?? '';
  return (
    path
      .split(delimiter)
      .filter((folder) => isAbsolute(folder))
      // Only .exe on Windows: a .cmd would need a shell, which takes arguments apart.
      .map((folder) => join(folder, windows ? `${name}.exe` : name))
      .find(isProgram)
  );
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
