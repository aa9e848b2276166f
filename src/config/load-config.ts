import { realpath } from 'node:fs/promises';
import type { Host } from '../host.ts';
import { buildConfig, emptyConfig } from './build-config.ts';
import type { Config } from './config.ts';
import { type FoundConfig, findConfigFiles } from './find-config.ts';

export type LoadHost = Pick<Host, 'directories' | 'env' | 'userId' | 'platform'>;

/** The configuration that applies here; without any file, one with nothing in it. Throws ForgeErrors of kind usage. */
export async function loadConfig(host: LoadHost, explicitPath: string | undefined): Promise<Config> {
  const chosen = await chooseConfigFile(host, explicitPath);
  if (chosen === undefined) return emptyConfig;
  const { readConfig } = await import('./read-config.ts');
  const reading = await readConfig(host, chosen.path);
  if (reading.data === undefined) {
    const { configInvalid } = await import('./config-problem.ts');
    throw configInvalid(host, reading.problems);
  }
  return buildConfig(
    reading.data,
    reading.sources.map((source) => source.path),
  );
}

/**
 * Which of the files that were found is meant. The folder's goes before the person's own, unless the person's
 * own extends that very file: then it is the team's file with the person's changes, and holds everywhere.
 */
export async function chooseConfigFile(
  host: LoadHost,
  explicitPath: string | undefined,
): Promise<FoundConfig | undefined> {
  const [first, personal] = await findConfigFiles(host, explicitPath);
  if (first === undefined || personal === undefined) return first;
  const { readChain } = await import('./read-chain.ts');
  const chain = await readChain(host, personal.path).catch(() => undefined);
  const team = await realpath(first.path).catch(() => first.path);
  for (const source of chain?.sources.slice(1) ?? []) {
    if ((await realpath(source.path).catch(() => source.path)) === team) return personal;
  }
  return first;
}
