import { join } from 'node:path';
import { ensurePrivateDirectory } from '../files/private-directory.ts';
import { readOwnFile } from '../files/read-own-file.ts';
import { replaceFile } from '../files/replace-file.ts';
import type { Host } from '../host.ts';
import type { IdentityParts } from '../identity/identity-parts.ts';

type MemoryHost = Pick<Host, 'directories' | 'now' | 'platform' | 'userId'>;

interface Use {
  /** One for each use, halved with each week that has passed until `at`. */
  readonly weight: number;
  /** Epoch milliseconds. */
  readonly at: number;
}

const halfLifeMs = 7 * 24 * 3_600_000;
const mostKept = 500;
const largest = 256 * 1024;

/** Instance id → how much and how lately it was used, above 0. A file that can't be read is an empty one. */
export async function recallUses(host: MemoryHost, region: string): Promise<ReadonlyMap<string, number>> {
  const uses = new Map<string, number>();
  for (const [key, use] of await load(host)) {
    const [place, instanceId] = key.split(' ');
    if (place === region && instanceId !== undefined) uses.set(instanceId, weightAt(use, host.now()));
  }
  return uses;
}

/** Kept for the next picker. Where it can't be written, the picker has no favourites and nothing fails. */
export async function rememberUse(
  { host, output }: Pick<IdentityParts, 'host' | 'output'>,
  region: string,
  instanceId: string,
): Promise<void> {
  try {
    const uses = await load(host);
    const now = host.now();
    const key = `${region} ${instanceId}`;
    const before = uses.get(key);
    uses.set(key, { weight: 1 + (before === undefined ? 0 : weightAt(before, now)), at: now });
    const kept = [...uses].sort(([, one], [, other]) => weightAt(other, now) - weightAt(one, now));
    await ensurePrivateDirectory(host, host.directories.state);
    const content = JSON.stringify(Object.fromEntries(kept.slice(0, mostKept)));
    await replaceFile(fileOf(host), content, { mode: 0o600 });
  } catch (error) {
    output.debug(`the instance is not remembered: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function weightAt({ weight, at }: Use, now: number): number {
  return weight * 0.5 ** (Math.max(0, now - at) / halfLifeMs);
}

function fileOf({ directories }: MemoryHost): string {
  return join(directories.state, 'instances-used.json');
}

async function load(host: MemoryHost): Promise<Map<string, Use>> {
  const uses = new Map<string, Use>();
  try {
    const parsed: unknown = JSON.parse((await readOwnFile(host, fileOf(host), largest)) ?? '{}');
    for (const [key, value] of Object.entries(parsed ?? {})) if (isUse(value)) uses.set(key, value);
  } catch {
    // Using one mends it.
  }
  return uses;
}

function isUse(value: unknown): value is Use {
  if (typeof value !== 'object' || value === null) return false;
  const { weight, at } = value as Partial<Record<keyof Use, unknown>>;
  return typeof weight === 'number' && weight > 0 && Number.isFinite(weight) && typeof at === 'number';
}
