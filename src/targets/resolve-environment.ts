import type { Config, Environment } from '../config/config.ts';
import { ForgeError } from '../errors.ts';
import { nearest } from '../lib/nearest.ts';
import { listNames } from './list-names.ts';

/** What was said outside the target's name. */
export interface CurrentEnvironment {
  /** --env */
  readonly flag: string | undefined;
  /** FORGE_ENV */
  readonly variable: string | undefined;
}

/**
 * The environment that is named, else the current one (--env, FORGE_ENV, default_environment), else the only one
 * there is when that is not production. Throws UNKNOWN_ENVIRONMENT, NO_ENVIRONMENT, ENVIRONMENT_CONFLICT.
 */
export function resolveEnvironment(
  config: Config,
  name: string | undefined,
  current: CurrentEnvironment,
): Environment {
  if (name !== undefined) {
    const environment = environmentNamed(config, name, 'There is no environment');
    refuseConflict(environment, current);
    return environment;
  }
  const environment = findCurrentEnvironment(config, current);
  if (environment !== undefined) return environment;
  throw new ForgeError('usage', 'No environment is named.', {
    code: 'NO_ENVIRONMENT',
    hint:
      config.environments.size === 0
        ? 'There is none in the configuration: forge config init writes one.'
        : `Name one: ${listNames(config.environments.keys())}\nOr set --env, FORGE_ENV or default_environment.`,
  });
}

/** The current environment, or undefined when nothing says which. Throws UNKNOWN_ENVIRONMENT. */
export function findCurrentEnvironment(
  config: Config,
  { flag, variable }: CurrentEnvironment,
): Environment | undefined {
  if (flag !== undefined) return environmentNamed(config, flag, '--env: there is no environment');
  if (variable) return environmentNamed(config, variable, 'FORGE_ENV: there is no environment');
  if (config.defaultEnvironment !== undefined) {
    return environmentNamed(
      config,
      config.defaultEnvironment,
      'default_environment: there is no environment',
    );
  }
  const [only, ...others] = config.environments.values();
  return only !== undefined && others.length === 0 && !only.production ? only : undefined;
}

/** `--env qa dev/shop` says two things; neither is guessed to be the one that was meant. */
export function refuseConflict(environment: Environment, { flag }: CurrentEnvironment): void {
  if (flag === undefined || flag === environment.name) return;
  throw new ForgeError('usage', `The target is in ${environment.name}, but --env says ${flag}.`, {
    code: 'ENVIRONMENT_CONFLICT',
    hint: 'Leave out --env, or name the target in that environment.',
  });
}

export function environmentNamed(config: Config, name: string, sentence: string): Environment {
  const environment = config.environments.get(name);
  if (environment !== undefined) return environment;
  throw new ForgeError('usage', `${sentence} ${JSON.stringify(name)}.`, {
    code: 'UNKNOWN_ENVIRONMENT',
    hint: environmentHint(config, name),
  });
}

export function environmentHint({ environments, files }: Config, name: string): string {
  if (environments.size === 0) {
    return files.length === 0
      ? 'There is no forge.yaml here: forge config init writes one, forge config path shows where it is looked for.'
      : `${files[0]} has no environments.`;
  }
  const near = nearest(name, environments.keys());
  const known = `Environments: ${listNames(environments.keys())}`;
  return near === undefined ? known : `Did you mean: ${near}\n${known}`;
}
