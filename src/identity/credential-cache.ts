import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { Config } from '../config/config.ts';
import { ForgeError } from '../errors.ts';
import { withFileLock } from '../files/file-lock.ts';
import { ensurePrivateDirectory } from '../files/private-directory.ts';
import { readOwnFile } from '../files/read-own-file.ts';
import { replaceFile } from '../files/replace-file.ts';
import { decodeCacheEntry, encodeCacheEntry } from './cache-entry.ts';
import { type CredentialStorage, chooseCredentialStore } from './credential-store.ts';
import type { IdentityParts } from './identity-parts.ts';
import type { RoleCredentials } from './role-credentials.ts';

/** Role credentials that outlive a command, so that the next one is fast. Every defect of it is a miss, never an error. */
export interface CredentialCache {
  readonly storage: CredentialStorage;
  /**
   * Keys kept under `key`, or those that `issue` gets. `alone`: of many processes that miss at once one asks and
   * the others read its answer; not where a person is asked, who would keep the others waiting.
   */
  credentials(
    key: readonly string[],
    issue: () => Promise<RoleCredentials>,
    options: { readonly alone: boolean },
  ): Promise<RoleCredentials>;
  find(key: readonly string[]): Promise<RoleCredentials | undefined>;
}

export interface CacheOptions {
  /** Nothing is read, what is issued is kept. */
  readonly fresh?: boolean;
}

type CacheParts = Pick<IdentityParts, 'host' | 'output'>;

/** Keys that end sooner are not handed out: what is started with them should have some time. */
const shortestUse = 5 * 60_000;

export function credentialsFolder(host: CacheParts['host']): string {
  return join(host.directories.cache, 'credentials');
}

export async function openCredentialCache(
  parts: CacheParts,
  setting: Config['credentialStore'],
  options: CacheOptions = {},
): Promise<CredentialCache> {
  const { host, output } = parts;
  const folder = credentialsFolder(host);
  const store = await chooseCredentialStore(parts, setting, folder);
  if (store.key === undefined && store.storage.kind === 'none') {
    return {
      storage: store.storage,
      credentials: (_, issue) => issue(),
      find: async () => undefined,
    };
  }
  const fileOf = (name: string) => join(folder, `${name}.json`);
  const read = async (name: string): Promise<RoleCredentials | undefined> => {
    const text = await readOwnFile(host, fileOf(name)).catch(() => undefined);
    const entry = text === undefined ? undefined : decodeCacheEntry(text, name, store.key);
    if (entry === undefined) return undefined;
    const now = host.now();
    // A clock that went back makes every expiry a guess.
    const usable = entry.savedAt <= now + 60_000 && (entry.credentials.expiration ?? 0) > now + shortestUse;
    return usable ? entry.credentials : undefined;
  };
  const save = async (name: string, credentials: RoleCredentials): Promise<void> => {
    if (credentials.expiration === undefined) return;
    const text = encodeCacheEntry({ credentials, savedAt: host.now() }, name, store.key);
    try {
      await ensurePrivateDirectory(host, folder);
      await replaceFile(fileOf(name), text, { mode: 0o600 });
      const { removeExpiredEntries } = await import('./clear-credential-cache.ts');
      await removeExpiredEntries(host);
    } catch (error) {
      output.debug(`role credentials are not kept: ${(error as Error).message}`);
    }
  };
  const issueAndSave = async (name: string, issue: () => Promise<RoleCredentials>) => {
    const issued = await issue();
    await save(name, issued);
    return issued;
  };
  return {
    storage: store.storage,
    find: async (key) => (options.fresh ? undefined : read(entryName(key))),
    async credentials(key, issue, { alone }) {
      const name = entryName(key);
      const kept = options.fresh ? undefined : await read(name);
      if (kept !== undefined) return kept;
      if (!alone || options.fresh) return issueAndSave(name, issue);
      const asked = { issued: false };
      try {
        await ensurePrivateDirectory(host, folder);
        return await withFileLock(host, fileOf(name), async () => {
          const meanwhile = await read(name);
          if (meanwhile !== undefined) return meanwhile;
          asked.issued = true;
          return issueAndSave(name, issue);
        });
      } catch (error) {
        // What the folder or the lock refuses must not keep anybody from working; what AWS says is the answer.
        if (asked.issued || !(error instanceof ForgeError) || !lockTrouble.has(error.code)) throw error;
        output.debug(`role credentials are not kept: ${error.message}`);
        return issue();
      }
    },
  };
}

const lockTrouble = new Set(['FILE_FAILED', 'LOCKED', 'UNSAFE_FOLDER']);

/** A name says nothing about what is in the file. */
function entryName(key: readonly string[]): string {
  return createHash('sha256')
    .update(JSON.stringify(['forge-credentials-1', ...key]))
    .digest('hex');
}
