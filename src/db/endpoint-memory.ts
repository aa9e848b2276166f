import { join } from 'node:path';
import { ensurePrivateDirectory } from '../files/private-directory.ts';
import { readOwnFile } from '../files/read-own-file.ts';
import { replaceFile } from '../files/replace-file.ts';
import type { Host } from '../host.ts';
import type { IdentityParts } from '../identity/identity-parts.ts';
import type { DatabaseRequest } from './database-request.ts';

/** What RDS says of a cluster or instance, as far as connecting goes. */
export interface KnownEndpoint {
  readonly writer: string;
  readonly reader: string | undefined;
  readonly port: number;
  readonly resourceId: string;
}

type Kept = KnownEndpoint & { readonly at: number };
type MemoryHost = Pick<Host, 'directories' | 'now' | 'platform' | 'userId'>;

/**
 * Names of endpoints outlive failovers and restarts; asking RDS for them costs more than the rest of a short query
 * taken together. They are no secrets, and what they lead to is checked by TLS all the same.
 */
const lifetimeMs = 60 * 60_000;
/** Thousands of endpoints. */
const largest = 1024 * 1024;

/** What RDS said within the last hour; undefined: ask it. */
export async function recallEndpoint(
  host: MemoryHost,
  account: string | undefined,
  request: DatabaseRequest,
): Promise<KnownEndpoint | undefined> {
  if (account === undefined) return undefined;
  return (await load(host)).get(keyOf(account, request));
}

/** Kept for the next command. A cache that can't be written is none: the command goes on. */
export async function rememberEndpoint(
  { host, output }: Pick<IdentityParts, 'host' | 'output'>,
  account: string | undefined,
  request: DatabaseRequest,
  endpoint: KnownEndpoint,
): Promise<void> {
  if (account === undefined) return;
  try {
    const entries = await load(host);
    entries.set(keyOf(account, request), { ...endpoint, at: host.now() });
    await ensurePrivateDirectory(host, host.directories.cache);
    await replaceFile(fileOf(host), JSON.stringify(Object.fromEntries(entries)), { mode: 0o600 });
  } catch (error) {
    output.debug(`the endpoint is not kept: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function fileOf({ directories }: MemoryHost): string {
  return join(directories.cache, 'endpoints.json');
}

function keyOf(account: string, { locator, region }: DatabaseRequest): string {
  const identifier = locator.kind === 'endpoint' ? locator.host : locator.identifier;
  return `${account} ${region} ${locator.kind} ${identifier}`;
}

/** Entries that still count; a file that can't be read, is not the person's own or makes no sense is an empty one. */
async function load(host: MemoryHost): Promise<Map<string, Kept>> {
  const entries = new Map<string, Kept>();
  try {
    const parsed: unknown = JSON.parse((await readOwnFile(host, fileOf(host), largest)) ?? '{}');
    for (const [key, value] of Object.entries(parsed ?? {})) {
      const age = isKept(value) ? host.now() - value.at : -1;
      if (isKept(value) && age >= 0 && age < lifetimeMs) entries.set(key, value);
    }
  } catch {
    // Asking RDS again mends it.
  }
  return entries;
}

function isKept(value: unknown): value is Kept {
  if (typeof value !== 'object' || value === null) return false;
  const { writer, reader, port, resourceId, at } = value as Partial<Record<keyof Kept, unknown>>;
  return (
    typeof writer === 'string' &&
    (reader === undefined || typeof reader === 'string') &&
    Number.isInteger(port) &&
    typeof resourceId === 'string' &&
    typeof at === 'number'
  );
}
