import type { Config, Environment, ForwardGroup } from '../config/config.ts';
import { ForgeError } from '../errors.ts';
import { listNames } from './list-names.ts';
import { findCurrentEnvironment, refuseConflict } from './resolve-environment.ts';
import { type InstanceSaid, type InstanceTarget, resolveInstance } from './resolve-instance.ts';

/** What a word of `forge ssm forward` means: an instance, or a group of forge.yaml and the instance it goes through. */
export interface ForwardTarget {
  readonly target: InstanceTarget;
  /** Undefined: the word is an instance, and the ports were said. */
  readonly group: ForwardGroup | undefined;
}

/**
 * `[<environment>/]<word>`: alone it is a group, with ports an instance. A group may so be called as an instance is,
 * for an instance alone would forward nothing. Pure. Throws what resolveInstance throws, and usage: GROUP_WITH_PORTS,
 * NO_FORWARDS.
 */
export function resolveForwards(
  config: Config,
  word: string | undefined,
  portsSaid: boolean,
  said: InstanceSaid,
): ForwardTarget {
  const current = { flag: said.env, variable: said.variables.FORGE_ENV };
  const slash = word?.indexOf('/') ?? -1;
  const prefix = slash < 0 ? undefined : config.environments.get(word?.slice(0, slash) ?? '');
  const environment = prefix ?? findCurrentEnvironment(config, current);
  const name = prefix === undefined ? word : word?.slice(slash + 1);
  const group = environment?.forwards.get(name ?? '');
  if (group === undefined || environment === undefined) {
    if (!portsSaid) throw nothing(config, word, environment);
    return { target: resolveInstance(config, word, said), group: undefined };
  }
  if (!portsSaid) {
    refuseConflict(environment, current);
    return { target: resolveInstance(config, `${environment.name}/${group.instance}`, said), group };
  }
  if (environment.instances.has(group.name)) {
    return { target: resolveInstance(config, word, said), group: undefined };
  }
  throw new ForgeError(
    'usage',
    `${environment.name}/${group.name} is a group of forwards: it takes no ports.`,
    {
      code: 'GROUP_WITH_PORTS',
      hint: `Leave them out; or, for an instance of that name: ${environment.name}/tag:Name=${group.name}`,
    },
  );
}

function nothing(config: Config, word: string | undefined, environment: Environment | undefined): ForgeError {
  const meant = config.environments.get(word ?? '') ?? environment;
  const groups = [...(meant?.forwards.keys() ?? [])].map((name) => `${meant?.name}/${name}`);
  const known = groups.length === 0 ? '' : `\nGroups of forge.yaml: ${listNames(groups)}`;
  return new ForgeError('usage', 'Nothing is said that could be forwarded.', {
    code: 'NO_FORWARDS',
    hint: `Say a port, e.g.: forge ssm forward ${word ?? 'dev/bastion'} 5432; or --socks${known}`,
  });
}
