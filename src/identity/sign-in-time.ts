import { join } from 'node:path';
import type { SignIn } from '../config/config.ts';
import { ensurePrivateDirectory } from '../files/private-directory.ts';
import { readOwnFile } from '../files/read-own-file.ts';
import { replaceFile } from '../files/replace-file.ts';
import type { Host } from '../host.ts';
import { parseJsonObject } from '../lib/json-object.ts';

type TimeHost = Pick<Host, 'directories' | 'platform' | 'userId' | 'now'>;

/**
 * When somebody last signed in themselves through this forge, epoch milliseconds; undefined: not known. Not in the
 * token's file, which is the AWS CLI's to the byte, and which renewing rewrites.
 */
export async function findSignInTime(host: TimeHost, { session }: SignIn): Promise<number | undefined> {
  const at = (await load(host))[session];
  return typeof at === 'number' ? at : undefined;
}

export async function rememberSignIn(host: TimeHost, { session }: SignIn): Promise<void> {
  const times = { ...(await load(host)), [session]: host.now() };
  await ensurePrivateDirectory(host, host.directories.state);
  await replaceFile(fileOf(host), JSON.stringify(times), { mode: 0o600 });
}

async function load(host: TimeHost): Promise<Readonly<Record<string, unknown>>> {
  try {
    return parseJsonObject((await readOwnFile(host, fileOf(host))) ?? '') ?? {};
  } catch {
    // Not there, or not to be read: then the next sign-in counts.
    return {};
  }
}

const fileOf = ({ directories }: Pick<Host, 'directories'>) => join(directories.state, 'sign-ins.json');
