import { randomBytes } from 'node:crypto';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileFailure } from '../../files/file-failure.ts';
import { ensurePrivateDirectory } from '../../files/private-directory.ts';
import { readOwnFile } from '../../files/read-own-file.ts';
import { replaceFile } from '../../files/replace-file.ts';
import type { Host } from '../../host.ts';
import { parseJsonObject } from '../../lib/json-object.ts';

/** What is still to be told. Delivering it twice does no harm, or next to none: a key is written once. */
export type SpoolItem =
  | {
      readonly kind: 'object';
      readonly bucket: string;
      readonly key: string;
      /** UTF-8. */
      readonly text: string;
    }
  | { readonly kind: 'slack'; readonly text: string };

export interface Spooled {
  readonly path: string;
  readonly item: SpoolItem;
}

type SpoolHost = Pick<Host, 'directories' | 'platform' | 'userId' | 'now'>;

const largest = 1024 * 1024;

export const spoolFolder = (host: Pick<Host, 'directories'>): string => join(host.directories.state, 'spool');

/** On the disk when this resolves; whatever happens then, a later command finds it. */
export async function spool(host: SpoolHost, item: SpoolItem): Promise<Spooled> {
  await ensurePrivateDirectory(host, spoolFolder(host));
  const time = String(Math.max(0, host.now())).padStart(15, '0');
  const path = join(spoolFolder(host), `${time}-${randomBytes(6).toString('hex')}.json`);
  await replaceFile(path, JSON.stringify({ v: 1, ...item }), { mode: 0o600 });
  return { path, item };
}

/** All that waits, the oldest first. What can't be read stays where it is and is passed by. */
export async function listSpooled(host: SpoolHost): Promise<readonly Spooled[]> {
  const found: Spooled[] = [];
  for (const name of spooledNames(host)) {
    const path = join(spoolFolder(host), name);
    const text = await readOwnFile(host, path, largest).catch(() => undefined);
    const item = text === undefined ? undefined : parseItem(text);
    if (item !== undefined) found.push({ path, item });
  }
  return found;
}

/** Cheap: every command asks. */
export const hasSpooled = (host: Pick<Host, 'directories'>): boolean => spooledNames(host).length > 0;

export function forgetSpooled({ path }: Spooled): void {
  try {
    rmSync(path, { force: true });
  } catch (error) {
    throw fileFailure(error, 'remove', path);
  }
}

function spooledNames(host: Pick<Host, 'directories'>): readonly string[] {
  try {
    return readdirSync(spoolFolder(host))
      .filter((name) => /^\d{15}-[0-9a-f]{12}\.json$/.test(name))
      .sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw fileFailure(error, 'read the folder', spoolFolder(host));
  }
}

function parseItem(text: string): SpoolItem | undefined {
  const { v, kind, bucket, key, text: content } = parseJsonObject(text) ?? {};
  if (v !== 1 || typeof content !== 'string') return undefined;
  if (kind === 'slack') return { kind, text: content };
  if (kind !== 'object' || typeof bucket !== 'string' || typeof key !== 'string') return undefined;
  return { kind, bucket, key, text: content };
}
