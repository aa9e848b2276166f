import type { Config } from '../config/config.ts';
import { ForgeError } from '../errors.ts';
import {
  type InstanceSaid,
  type InstanceTarget,
  parseTag,
  resolveInstance,
} from '../targets/resolve-instance.ts';

/** Which instances a command is for. */
export type RunSelection =
  /** One, through a session. */
  | { readonly kind: 'one'; readonly target: InstanceTarget }
  /** Whatever all of these lead to, through Run Command. All in one environment. */
  | { readonly kind: 'many'; readonly targets: readonly InstanceTarget[]; readonly all: boolean };

export interface RunFlags {
  /** `key=value`; all must hold. */
  readonly tags: readonly string[];
  readonly all: boolean;
}

/**
 * One word for one instance is a session; several words, a tag, a group or --all are Run Command, whatever number
 * of instances they turn out to be. Pure. Throws usage.
 */
export function selectInstances(
  config: Config,
  words: readonly string[],
  { tags, all }: RunFlags,
  said: InstanceSaid,
): RunSelection {
  if (tags.length > 0 || all) return byFlags(config, words, { tags, all }, said);
  const targets = (words.length === 0 ? [undefined] : [...new Set(words)]).map((word) =>
    resolveInstance(config, word, said),
  );
  const [first, second] = targets;
  if (first === undefined) throw new Error('there is always one');
  if (second === undefined) {
    return first.locator.kind === 'tags' && /(?:^|\/)(?:tag|asg):/.test(first.words)
      ? { kind: 'many', targets, all: false }
      : { kind: 'one', target: first };
  }
  for (const target of targets) {
    refuseMixture(first, target);
    if (target.locator.kind === 'id' && target.locator.instanceId.startsWith('ecs:')) {
      throw usage(
        'A container of ECS takes a session, but no Run Command, which several are reached by.',
        'Run the command on it alone.',
      );
    }
  }
  return { kind: 'many', targets, all: false };
}

function byFlags(
  config: Config,
  words: readonly string[],
  { tags, all }: RunFlags,
  said: InstanceSaid,
): RunSelection {
  const [word, ...others] = words;
  if (others.length > 0 || (word !== undefined && !config.environments.has(word))) {
    throw usage(
      `With ${all ? '--all' : '--tag'} only an environment can be named.`,
      'Leave out the instances, or the flag.',
    );
  }
  if (all && tags.length > 0) throw usage('--all and --tag say different things.', 'Leave out one of them.');
  if (word !== undefined && said.env !== undefined && said.env !== word) {
    throw usage(`${word} is named, but --env says ${said.env}.`, 'Leave out --env.');
  }
  const target = resolveInstance(config, undefined, { ...said, env: word ?? said.env });
  if (all) return { kind: 'many', targets: [target], all: true };
  const pairs = tags.map((text) => {
    const pair = parseTag(text);
    if (pair === undefined) throw usage(`--tag takes key=value, not ${JSON.stringify(text)}.`, undefined);
    return pair;
  });
  const wanted = new Map(pairs);
  const locator = { kind: 'tags', tags: wanted } as const;
  const shown = pairs.map(([key, value]) => `tag:${key}=${value}`).join(' ');
  return { kind: 'many', targets: [{ ...target, locator, words: shown }], all: false };
}

/** One access is one environment with one chain of roles. */
function refuseMixture(first: InstanceTarget, other: InstanceTarget): void {
  if (other.locator.kind === 'any') {
    throw usage(`${other.words} is an environment, not an instance.`, 'For all of its instances: --all');
  }
  const roles = (target: InstanceTarget) => target.roles.map(({ roleArn }) => roleArn).join(' ');
  if (first.environment === other.environment && roles(first) === roles(other)) return;
  throw usage(
    `${first.name} and ${other.name} are reached with different keys.`,
    'One command runs in one environment; run it once for each.',
  );
}

function usage(message: string, hint: string | undefined): ForgeError {
  return new ForgeError('usage', message, { code: 'USAGE', hint });
}
