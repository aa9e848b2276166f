import { realpathSync } from 'node:fs';
import { ForgeError } from '../errors.ts';
import { buildConfig, emptyConfig } from './build-config.ts';
import type { Config } from './config.ts';
import { findCachedConfig, saveCachedConfig, type ValidConfig } from './config-cache.ts';
import { type ConfigHost, type FoundConfig, findConfigFiles } from './find-config.ts';

/** The configuration that applies here; without any file, one with nothing in it. Throws ForgeErrors of kind usage. */
export async function loadConfig(host: ConfigHost, explicitPath: string | undefined): Promise<Config> {
  const chosen = await chooseConfigFile(host, explicitPath);
  if (chosen === undefined) return emptyConfig;
  const { data, sources } = await readValidConfig(host, chosen.path);
  return buildConfig(
    data,
    sources.map((source) => source.path),
  );
}

/**
 * Which of the files that were found is meant. The folder's goes before the person's own, unless the person's
 * own extends that very file: then it is the team's file with the person's changes, and holds everywhere.
 */
export async function chooseConfigFile(
  host: ConfigHost,
  explicitPath: string | undefined,
): Promise<FoundConfig | undefined> {
  const [first, personal] = await findConfigFiles(host, explicitPath);
  if (first === undefined || personal === undefined) return first;
  const team = realPathOf(first.path);
  for (const base of await basesOf(host, personal.path)) {
    if (realPathOf(base) === team) return personal;
  }
  return first;
}

/** The files that a file extends. One that is wrong may still say which: its mistakes are told when it is used. */
async function basesOf(host: ConfigHost, path: string): Promise<readonly string[]> {
  try {
    const { sources } = await readValidConfig(host, path);
    return sources.slice(1).map((source) => source.path);
  } catch (error) {
    if (!(error instanceof ForgeError)) throw error;
    const { readChain } = await import('./read-chain.ts');
    const chain = await readChain(host, path).catch(() => undefined);
    return (chain?.sources ?? []).slice(1).map((source) => source.path);
  }
}

async function readValidConfig(host: ConfigHost, path: string): Promise<ValidConfig> {
  const cached = await findCachedConfig(host, path);
  if (cached !== undefined) return cached;
  const { readConfig } = await import('./read-config.ts');
  const { data, sources, problems } = await readConfig(host, path);
  if (data === undefined) {
    const { configInvalid } = await import('./config-problem.ts');
    throw configInvalid(host, problems);
  }
  await saveCachedConfig(host, path, { sources, data });
  return { sources, data };
}

function realPathOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
