import { isIP } from 'node:net';
import type { Config, Environment, Instance, RoleStep } from '../config/config.ts';
import { ForgeError } from '../errors.ts';
import type { Environment as Variables } from '../host.ts';
import { listNames } from './list-names.ts';
import {
  environmentHint,
  findCurrentEnvironment,
  refuseConflict,
  resolveEnvironment,
} from './resolve-environment.ts';

/** Everything that is known about an instance before AWS is asked. */
export interface InstanceTarget {
  /** For people and the journal: `dev/bastion`, `i-0123456789abcdef0`. */
  readonly name: string;
  /** The words that were given, for hints. */
  readonly words: string;
  /** Undefined: no configuration is involved, only the person's own keys. */
  readonly environment: Environment | undefined;
  readonly region: string;
  /** Assumed after the environment's own chain. */
  readonly roles: readonly RoleStep[];
  readonly locator: InstanceLocator;
  /** Session document for shells; undefined: the account's own default. */
  readonly document: string | undefined;
}

export type InstanceLocator =
  /** Nothing was said: the person picks one. */
  | { readonly kind: 'any' }
  /** What StartSession takes as it is: `i-…`, `mi-…`, `ecs:…`. */
  | { readonly kind: 'id'; readonly instanceId: string }
  | { readonly kind: 'address'; readonly address: string }
  /** Name tag, private DNS name or the computer's own name. */
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'tags'; readonly tags: ReadonlyMap<string, string> };

/** What was said beside the word. */
export interface InstanceSaid {
  /** --env */
  readonly env: string | undefined;
  /** --region */
  readonly region: string | undefined;
  /** --profile */
  readonly profile?: string | undefined;
  readonly variables: Variables;
}

/**
 * `[<environment>/]<word>`, the word being an id, a name of forge.yaml's instances, a Name tag, a private address
 * or DNS name, `tag:key=value`, `asg:name` or `ecs:cluster_task_runtime`. Without an environment, said or
 * current, the person's own keys and region are meant. Pure. Throws usage: UNKNOWN_ENVIRONMENT,
 * ENVIRONMENT_CONFLICT, INVALID_INSTANCE, NO_REGION, AMBIGUOUS_TARGET.
 */
export function resolveInstance(
  config: Config,
  word: string | undefined,
  said: InstanceSaid,
): InstanceTarget {
  const current = { flag: said.env, variable: said.variables.FORGE_ENV };
  if (word === undefined) {
    return target(said, currentEnvironment(config, said), undefined, { kind: 'any' });
  }
  const slash = word.indexOf('/');
  const prefix = slash < 0 ? undefined : config.environments.get(word.slice(0, slash));
  if (prefix !== undefined) {
    refuseConflict(prefix, current);
    return inEnvironment(config, said, prefix, word.slice(slash + 1));
  }
  const named = config.environments.get(word);
  if (named !== undefined) {
    const here = said.env === undefined ? undefined : findCurrentEnvironment(config, current);
    if (here !== undefined && here !== named && here.instances.has(word)) {
      throw new ForgeError('usage', `"${word}" is an environment, and an instance in ${here.name}.`, {
        code: 'AMBIGUOUS_TARGET',
        hint: `Say which: ${here.name}/${word}, or leave out --env.`,
      });
    }
    refuseConflict(named, current);
    return standardOf(said, named);
  }
  return inEnvironment(config, said, currentEnvironment(config, said), word);
}

/** Undefined: there is no configuration, or --profile says whose keys are meant and nothing says which environment. */
function currentEnvironment(config: Config, said: InstanceSaid): Environment | undefined {
  const current = { flag: said.env, variable: said.variables.FORGE_ENV };
  if (config.environments.size === 0 && said.env === undefined && !current.variable) return undefined;
  const found = findCurrentEnvironment(config, current);
  if (found !== undefined || said.profile !== undefined) return found;
  // A file with several environments and none current: guessing whose instance it is would be wrong.
  return resolveEnvironment(config, undefined, current);
}

/** The environment's only instance of forge.yaml; else one is picked there. */
function standardOf(said: InstanceSaid, environment: Environment): InstanceTarget {
  const [only, ...others] = environment.instances.values();
  if (only !== undefined && others.length === 0) return configured(said, environment, only);
  return target(said, environment, undefined, { kind: 'any' });
}

function inEnvironment(
  config: Config,
  said: InstanceSaid,
  environment: Environment | undefined,
  word: string,
): InstanceTarget {
  const known = environment?.instances.get(word);
  if (environment !== undefined && known !== undefined) return configured(said, environment, known);
  const locator = parseInstanceWord(word);
  if (locator === undefined) throw invalid(config, environment, word);
  return target(said, environment, word, locator);
}

function configured(said: InstanceSaid, environment: Environment, instance: Instance): InstanceTarget {
  const { locator, role, document } = instance;
  return {
    ...target(
      said,
      environment,
      instance.name,
      locator.kind === 'id'
        ? { kind: 'id', instanceId: locator.instanceId }
        : { kind: 'tags', tags: locator.tags },
    ),
    roles: role === undefined ? [] : [role],
    document,
  };
}

function target(
  said: InstanceSaid,
  environment: Environment | undefined,
  word: string | undefined,
  locator: InstanceLocator,
): InstanceTarget {
  const { variables } = said;
  const region =
    said.region ?? environment?.region ?? (variables.AWS_REGION || variables.AWS_DEFAULT_REGION || undefined);
  if (region === undefined) {
    throw new ForgeError('usage', 'The region of the instance is not known.', {
      code: 'NO_REGION',
      hint: 'Add --region <name>, or set AWS_REGION.',
    });
  }
  const name = [environment?.name, word].filter((part) => part !== undefined).join('/');
  return {
    name: name === '' ? region : name,
    words: name,
    environment,
    region,
    roles: [],
    locator,
    document: undefined,
  };
}

/** Undefined for what no instance can be called. Pure. */
export function parseInstanceWord(word: string): InstanceLocator | undefined {
  if (/^m?i-[0-9a-f]{8,17}$/.test(word)) return { kind: 'id', instanceId: word };
  if (word.startsWith('ecs:')) {
    const valid = /^ecs:[A-Za-z0-9_-]{1,255}_[0-9a-f]{32}_[0-9a-f]{32}-\d{1,20}$/.test(word);
    return valid ? { kind: 'id', instanceId: word } : undefined;
  }
  if (word.startsWith('asg:')) {
    const group = word.slice(4);
    return group === '' ? undefined : tags([['aws:autoscaling:groupName', group]]);
  }
  if (word.startsWith('tag:')) {
    const pair = parseTag(word.slice(4));
    return pair === undefined ? undefined : tags([pair]);
  }
  if (isIP(word) !== 0) return { kind: 'address', address: word };
  // The longest tag value; control characters can stand in none.
  if (word === '' || word.length > 256 || /[\u0000-\u001f\u007f]/.test(word)) return undefined;
  return { kind: 'name', name: word };
}

/** `key=value`; a value may hold `=`. Undefined when it is none. */
export function parseTag(text: string): readonly [string, string] | undefined {
  const equals = text.indexOf('=');
  if (equals < 1 || text.length - equals > 257 || equals > 128) return undefined;
  return [text.slice(0, equals), text.slice(equals + 1)];
}

function tags(pairs: readonly (readonly [string, string])[]): InstanceLocator {
  return { kind: 'tags', tags: new Map(pairs) };
}

function invalid(config: Config, environment: Environment | undefined, word: string): ForgeError {
  const names = environment === undefined ? [] : [...environment.instances.keys()];
  const known = names.length === 0 ? '' : `\nIn ${environment?.name}: ${listNames(names)}`;
  if (word.startsWith('ecs:')) {
    return new ForgeError('usage', `${JSON.stringify(word)} can't be a container of ECS.`, {
      code: 'INVALID_INSTANCE',
      hint: [
        'It is ecs:<cluster>_<task id>_<runtime id>; forge asks nothing of ECS, so a service or a container has no name here:',
        'aws ecs list-tasks --cluster <cluster> --service-name <service>',
        'aws ecs describe-tasks --cluster <cluster> --tasks <task id> --query "tasks[].containers[].[name,runtimeId]"',
      ].join('\n'),
    });
  }
  const hint = `Say an id (i-…, mi-…), a Name tag, a private address, tag:key=value, asg:name or ecs:cluster_task_runtime.${known}`;
  return new ForgeError('usage', `${JSON.stringify(word)} can't be an instance.`, {
    code: 'INVALID_INSTANCE',
    hint: word === '' && environment === undefined ? environmentHint(config, word) : hint,
  });
}
