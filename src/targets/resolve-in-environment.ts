import type { Config, Environment } from '../config/config.ts';
import { ForgeError } from '../errors.ts';
import { nearest } from '../lib/nearest.ts';
import { listNames } from './list-names.ts';
import {
  type CurrentEnvironment,
  environmentHint,
  environmentNamed,
  findCurrentEnvironment,
  refuseConflict,
  resolveEnvironment,
} from './resolve-environment.ts';

/** What a target's name can mean: databases, instances or clusters of an environment. */
export interface TargetKind<Value> {
  /** `database` */
  readonly noun: string;
  of(environment: Environment): ReadonlyMap<string, Value>;
  /** The name that the environment alone means. */
  defaultOf(environment: Environment): string | undefined;
}

interface Resolved<Value> {
  /** The shortest name that means this target from everywhere: `dev`, `dev/reports`. */
  readonly name: string;
  readonly environment: Environment;
  readonly value: Value;
}

/**
 * `<environment>`, `<environment>/<name>`, or a bare name in the current environment. A bare name is never looked
 * for in other environments: which environment it is decides account and production, and is never guessed.
 * Throws UNKNOWN_TARGET, AMBIGUOUS_TARGET, NO_DEFAULT_TARGET and what resolveEnvironment throws.
 */
export function resolveInEnvironment<Value>(
  config: Config,
  kind: TargetKind<Value>,
  name: string | undefined,
  current: CurrentEnvironment,
): Resolved<Value> {
  if (name === undefined) return standardOf(kind, resolveEnvironment(config, undefined, current));
  const slash = name.indexOf('/');
  if (slash >= 0) {
    const environment = environmentNamed(config, name.slice(0, slash), 'There is no environment');
    refuseConflict(environment, current);
    return member(kind, environment, name.slice(slash + 1));
  }
  return resolveBareName(config, kind, name, current);
}

function resolveBareName<Value>(
  config: Config,
  kind: TargetKind<Value>,
  name: string,
  current: CurrentEnvironment,
): Resolved<Value> {
  const environment = config.environments.get(name);
  const here =
    environment !== undefined && current.flag === undefined
      ? hereOrUndefined(config, current)
      : findCurrentEnvironment(config, current);
  const inHere = here === undefined ? undefined : kind.of(here).get(name);
  if (environment === undefined) {
    if (here !== undefined && inHere !== undefined) return resolved(kind, here, name, inHere);
    throw unknownTarget(config, kind, name, here);
  }
  if (here === undefined || inHere === undefined) {
    refuseConflict(environment, current);
    return standardOf(kind, environment);
  }
  if (here === environment) {
    // `--env shop shop`, or a database named as its environment: the same unless another one is the default.
    const standard = findStandard(kind, environment);
    if (standard === undefined || standard === name) return resolved(kind, here, name, inHere);
  }
  throw new ForgeError('usage', `"${name}" is an environment, and a ${kind.noun} in ${here.name}.`, {
    code: 'AMBIGUOUS_TARGET',
    hint: `Say which: ${[...kind.of(environment).keys()].map((key) => `${name}/${key}`).join(', ')}, or ${here.name}/${name}`,
  });
}

/** With the environment named, a wrong FORGE_ENV or default_environment is no reason to fail. */
function hereOrUndefined(config: Config, current: CurrentEnvironment): Environment | undefined {
  const name = current.variable || config.defaultEnvironment;
  return name === undefined ? undefined : config.environments.get(name);
}

function member<Value>(kind: TargetKind<Value>, environment: Environment, name: string): Resolved<Value> {
  const members = kind.of(environment);
  const value = members.get(name);
  if (value !== undefined) return resolved(kind, environment, name, value);
  const near = nearest(name, members.keys());
  const full = [...members.keys()].map((key) => `${environment.name}/${key}`);
  const known =
    members.size === 0
      ? `${environment.name} has no ${kind.noun}s.`
      : `${capital(kind.noun)}s there: ${listNames(full)}`;
  throw new ForgeError('usage', `There is no ${kind.noun} ${JSON.stringify(name)} in ${environment.name}.`, {
    code: 'UNKNOWN_TARGET',
    hint: near === undefined ? known : `Did you mean: ${environment.name}/${near}\n${known}`,
  });
}

function standardOf<Value>(kind: TargetKind<Value>, environment: Environment): Resolved<Value> {
  const name = findStandard(kind, environment);
  if (name !== undefined) return member(kind, environment, name);
  const members = [...kind.of(environment).keys()];
  if (members.length === 0) {
    throw new ForgeError('usage', `${environment.name} has no ${kind.noun}s.`, {
      code: 'UNKNOWN_TARGET',
      hint: `Add one to forge.yaml: environments.${environment.name}.${kind.noun}s`,
    });
  }
  throw new ForgeError(
    'usage',
    `${environment.name} has ${members.length} ${kind.noun}s, and none is the default.`,
    {
      code: 'NO_DEFAULT_TARGET',
      hint: `Say which: ${listNames(members.map((key) => `${environment.name}/${key}`))}`,
    },
  );
}

function findStandard<Value>(kind: TargetKind<Value>, environment: Environment): string | undefined {
  const said = kind.defaultOf(environment);
  if (said !== undefined) return said;
  const [only, ...others] = kind.of(environment).keys();
  return others.length === 0 ? only : undefined;
}

function resolved<Value>(
  kind: TargetKind<Value>,
  environment: Environment,
  name: string,
  value: Value,
): Resolved<Value> {
  return { name: targetName(kind, environment, name), environment, value };
}

export function targetName<Value>(kind: TargetKind<Value>, environment: Environment, name: string): string {
  return findStandard(kind, environment) === name ? environment.name : `${environment.name}/${name}`;
}

function unknownTarget<Value>(
  config: Config,
  kind: TargetKind<Value>,
  name: string,
  here: Environment | undefined,
): ForgeError {
  const elsewhere = [...config.environments.values()]
    .filter((environment) => kind.of(environment).has(name))
    .map((environment) => `${environment.name}/${name}`);
  const sentence =
    here === undefined
      ? `There is no environment ${JSON.stringify(name)}`
      : `There is no environment, and no ${kind.noun} in ${here.name}, named ${JSON.stringify(name)}`;
  if (elsewhere.length > 0) {
    return new ForgeError('usage', `${sentence}.`, {
      code: 'UNKNOWN_TARGET',
      hint: `Say which environment: ${listNames(elsewhere)}`,
    });
  }
  const own = here === undefined ? [] : [...kind.of(here).keys()];
  const near = nearest(name, [...config.environments.keys(), ...own]);
  const known = own.length === 0 ? '' : `\n${capital(kind.noun)}s in ${here?.name}: ${listNames(own)}`;
  return new ForgeError('usage', `${sentence}.`, {
    code: 'UNKNOWN_TARGET',
    hint:
      near !== undefined && own.includes(near)
        ? `Did you mean: ${near}\nEnvironments: ${listNames(config.environments.keys())}${known}`
        : `${environmentHint(config, name)}${known}`,
  });
}

function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
