import { join } from 'node:path';
import { readOwnFile } from '../files/read-own-file.ts';
import { version } from '../version.ts';
import type { ConfigFile } from './config-schema.ts';
import type { SourceFile } from './config-tree.ts';
import type { ConfigHost } from './find-config.ts';
import { isUnreadable, readSource } from './read-source.ts';

/** A configuration that was valid: the files it came from, and what they say together. */
export interface ValidConfig {
  /** The most specific first, then what it extends. */
  readonly sources: readonly SourceFile[];
  readonly data: ConfigFile;
}

/** A chain of the largest files there may be, as JSON. */
const largest = 32 * 1024 * 1024;

interface CacheEntry extends ValidConfig {
  readonly version: string;
  readonly path: string;
  /** `~/` in the files means this. */
  readonly home: string;
}

/**
 * Reading YAML and validating it costs more than starting Node. What a file was found to say is kept together with
 * the text of every file it came from; it counts only while each of them still reads exactly so.
 */
export async function findCachedConfig(host: ConfigHost, path: string): Promise<ValidConfig | undefined> {
  const entry = await readEntry(host, cacheFile(host, path));
  if (entry?.version !== version || entry.path !== path || entry.home !== host.directories.home)
    return undefined;
  if (!Array.isArray(entry.sources) || typeof entry.data !== 'object') return undefined;
  for (const known of entry.sources) {
    const source = await readSource(host, known.path);
    if (isUnreadable(source) || source.text !== known.text) return undefined;
  }
  return entry;
}

/** Never fails: without a place to keep it, the next command reads the files again. */
export async function saveCachedConfig(host: ConfigHost, path: string, config: ValidConfig): Promise<void> {
  const [{ ensurePrivateDirectory }, { replaceFile }] = await Promise.all([
    import('../files/private-directory.ts'),
    import('../files/replace-file.ts'),
  ]);
  const entry: CacheEntry = { version, path, home: host.directories.home, ...config };
  try {
    await ensurePrivateDirectory(host, folderOf(host));
    await replaceFile(cacheFile(host, path), JSON.stringify(entry), { mode: 0o600 });
  } catch {
    // A read-only home, a full disk.
  }
}

async function readEntry(host: ConfigHost, file: string): Promise<CacheEntry | undefined> {
  try {
    // What another user could have written there would decide where one signs in.
    const text = await readOwnFile(host, file, largest);
    return text === undefined ? undefined : (JSON.parse(text) as CacheEntry);
  } catch {
    return undefined;
  }
}

function folderOf(host: ConfigHost): string {
  return join(host.directories.cache, 'config');
}

/** At most 64 files, however many configurations there are: two that share one take turns. FNV-1a. */
function cacheFile(host: ConfigHost, path: string): string {
  let hash = 0x811c9dc5;
  for (let index = 0; index < path.length; index++) {
    hash = Math.imul(hash ^ path.charCodeAt(index), 0x01000193);
  }
  return join(folderOf(host), `${(hash >>> 0) % 64}.json`);
}
