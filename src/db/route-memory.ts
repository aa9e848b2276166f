import { join } from 'node:path';
import { ensurePrivateDirectory } from '../files/private-directory.ts';
import { readOwnFile } from '../files/read-own-file.ts';
import { replaceFile } from '../files/replace-file.ts';
import type { Host } from '../host.ts';
import type { IdentityParts } from '../identity/identity-parts.ts';

type MemoryHost = Pick<Host, 'directories' | 'now' | 'platform' | 'userId'>;

/** About as long as people work on one thing without switching their VPN. */
const lifetimeMs = 30 * 60_000;
/** Thousands of endpoints. */
const largest = 256 * 1024;

/** The endpoint did not answer directly of late, and a tunnel did. It says where to look first and is no verdict. */
export async function neededTunnel(host: MemoryHost, endpoint: string): Promise<boolean> {
  return (await load(host)).has(endpoint);
}

/** Kept for the next command. What can't be written is not kept: the command goes on. */
export async function rememberWay(
  { host, output }: Pick<IdentityParts, 'host' | 'output'>,
  endpoint: string,
  throughTunnel: boolean,
): Promise<void> {
  try {
    const entries = await load(host);
    if (throughTunnel) entries.set(endpoint, host.now());
    else entries.delete(endpoint);
    await ensurePrivateDirectory(host, host.directories.cache);
    await replaceFile(fileOf(host), JSON.stringify(Object.fromEntries(entries)), { mode: 0o600 });
  } catch (error) {
    output.debug(`the way is not kept: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function fileOf({ directories }: MemoryHost): string {
  return join(directories.cache, 'tunneled.json');
}

/** Endpoint → when it needed a tunnel, epoch milliseconds. A file that can't be read or makes no sense is an empty one. */
async function load(host: MemoryHost): Promise<Map<string, number>> {
  const entries = new Map<string, number>();
  try {
    const parsed: unknown = JSON.parse((await readOwnFile(host, fileOf(host), largest)) ?? '{}');
    for (const [endpoint, at] of Object.entries(parsed ?? {})) {
      const age = typeof at === 'number' ? host.now() - at : -1;
      if (age >= 0 && age < lifetimeMs) entries.set(endpoint, at);
    }
  } catch {
    // The next tunnel mends it.
  }
  return entries;
}
