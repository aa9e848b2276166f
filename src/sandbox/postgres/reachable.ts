import { stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';

/** Whether a user who owns nothing on the way can reach and read the path: every folder lets others through. */
export async function isReachableByOthers(path: string): Promise<boolean> {
  let current = resolve(path);
  try {
    const found = await stat(current);
    if ((found.mode & 0o005) !== 0o005) return false;
    while (dirname(current) !== current) {
      current = dirname(current);
      if (((await stat(current)).mode & 0o001) === 0) return false;
    }
    return true;
  } catch {
    return false;
  }
}
