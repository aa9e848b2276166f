import type { AccessParts } from '../access/with-access.ts';
import type { Environment } from '../config/config.ts';
import type { InstanceTarget } from '../targets/resolve-instance.ts';

export interface BastionRequest {
  readonly environment: Environment | undefined;
  readonly region: string;
  /** What is said of it: a name of forge.yaml, a Name tag, an id; undefined: the usual one. */
  readonly bastion: string | undefined;
}

/**
 * The instance that a tunnel goes through: what is said, else the one named `bastion` in forge.yaml, its only one,
 * else whatever carries the Name tag `bastion`. Undefined: there is none that could be meant.
 */
export async function findBastion(
  { config, host }: Pick<AccessParts, 'config' | 'host'>,
  { environment, region, bastion }: BastionRequest,
): Promise<InstanceTarget | undefined> {
  if (environment === undefined && bastion === undefined) return undefined;
  const { resolveInstance } = await import('../targets/resolve-instance.ts');
  const [only, ...others] = environment?.instances.keys() ?? [];
  const standard = only !== undefined && others.length === 0 ? only : 'bastion';
  const word = bastion ?? standard;
  const said = { env: environment?.name, region, variables: host.env };
  return resolveInstance(config, word, said);
}

/** Nothing that a tunnel could go through is there: then there is one way, and nothing to say of another. */
export const noBastionCodes = new Set(['NO_BASTION', 'UNKNOWN_INSTANCE', 'INSTANCE_OFFLINE']);
