import { stat } from 'node:fs/promises';
import { nearest } from '../lib/nearest.ts';
import type { BreakGlass } from './break-glass.ts';
import type { Config, Environment, RoleStep } from './config.ts';
import { findEntry, type Problem, pathText, type Tree } from './config-tree.ts';

/** What a valid file says that will not work, or is hardly meant. */
export interface Finding extends Problem {
  readonly severity: 'error' | 'warning';
}

type Path = readonly (string | number)[];
type Add = (severity: Finding['severity'], path: Path, what: string, hint?: string) => void;

/** Names that name nothing are errors; what works but is doubtful is a warning. */
export async function inspectConfig(config: Config, tree: Tree): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  const add: Add = (severity, path, what, hint) => {
    const { key, value } = findEntry(tree, path);
    const place = value.kind === 'value' ? value.place : key;
    const shown = path.length === 0 ? 'The file' : pathText(path);
    findings.push({ severity, ...place, path: pathText(path), message: `${shown} ${what}.`, hint });
  };
  const environments = [...config.environments.keys()];
  if (environments.length === 0) add('warning', [], 'has no environments');
  if (config.defaultEnvironment !== undefined) {
    named(add, ['default_environment'], config.defaultEnvironment, environments, 'an environment');
    if (config.environments.get(config.defaultEnvironment)?.production === true) {
      add(
        'warning',
        ['default_environment'],
        'is production: a command that names no environment would mean it',
      );
    }
  }
  for (const environment of config.environments.values()) inspectEnvironment(add, config, environment);
  for (const group of config.groups.values()) {
    for (const name of group.environments.keys()) {
      named(add, ['groups', group.name, 'environments', name], name, environments, 'an environment');
    }
    for (const [index, name] of group.network.entries()) {
      named(add, ['groups', group.name, 'network', index], name, environments, 'an environment');
    }
  }
  if (config.breakGlass !== undefined) inspectBreakGlass(add, config, config.breakGlass);
  await inspectFiles(add, config);
  return findings;
}

function inspectEnvironment(add: Add, config: Config, environment: Environment): void {
  const at = ['environments', environment.name];
  const { defaultDatabase, defaultCluster, databases, clusters } = environment;
  if (defaultDatabase !== undefined) {
    named(
      add,
      [...at, 'default_database'],
      defaultDatabase,
      [...databases.keys()],
      `a database of ${environment.name}`,
    );
  }
  if (defaultCluster !== undefined) {
    named(
      add,
      [...at, 'default_cluster'],
      defaultCluster,
      [...clusters.keys()],
      `a cluster of ${environment.name}`,
    );
  }
  if (environment.permissionSet !== undefined && config.signIn === undefined) {
    add('warning', [...at, 'permission_set'], 'needs "sign_in", which the file does not have');
  }
  const twin = [...config.environments.values()].find(
    (other) => other.account === environment.account && other.production !== environment.production,
  );
  if (twin !== undefined && !environment.production) {
    add(
      'warning',
      [...at, 'account'],
      `is that of ${twin.name}, which is production; this environment is not`,
    );
  }
  for (const [index, step] of environment.roleChain.entries()) {
    const path = [...at, 'role_chain', index];
    inspectRole(add, config, path, step, environment, false);
  }
  for (const database of databases.values()) {
    const path = [...at, 'databases', database.name];
    if (database.role !== undefined) inspectRole(add, config, path, database.role, environment, true);
    if (database.write?.role !== undefined && database.write.role !== database.role) {
      inspectRole(add, config, [...path, 'write'], database.write.role, environment, true);
    }
    if (database.change?.role !== undefined && database.change.role !== database.write?.role) {
      inspectRole(add, config, [...path, 'change'], database.change.role, environment, true);
    }
    if (environment.production && database.write === undefined) {
      add('warning', path, 'is in production and has no "write": --write would be the same user and role');
    }
    if (environment.production && database.write?.user === database.user) {
      add(
        'warning',
        [...path, 'write', 'user'],
        'is the user that reads: production is then read-only by a setting alone',
      );
    }
  }
}

function inspectRole(
  add: Add,
  config: Config,
  path: Path,
  step: RoleStep,
  environment: Environment,
  last: boolean,
): void {
  const account = step.roleArn.split(':')[4];
  if (last && account !== environment.account) {
    add(
      'warning',
      [...path, 'role'],
      `is in account ${account}, but ${environment.name} is ${environment.account}: forge refuses to work in another account`,
    );
  }
  if (config.signIn !== undefined && step.durationSeconds > 3600) {
    add(
      'warning',
      [...path, 'duration'],
      'is over 1h, the most that AWS gives from Identity Center (role chaining)',
    );
  }
}

function inspectBreakGlass(add: Add, config: Config, breakGlass: BreakGlass): void {
  const { tiers, scenarios, approvers, channels } = breakGlass;
  const channel = (path: Path, name: string | undefined) => {
    if (name !== undefined) named(add, path, name, [...channels.keys()], 'one of "channels"');
  };
  for (const entry of approvers.values())
    channel(['break_glass', 'approvers', entry.name, 'channel'], entry.channel);
  for (const tier of tiers.values()) {
    const at = ['break_glass', 'tiers', tier.name];
    channel([...at, 'alert'], tier.alert);
    if (tier.approvers !== undefined) {
      named(add, [...at, 'approvers'], tier.approvers, [...approvers.keys()], 'one of "approvers"');
    }
    for (const [index, name] of tier.scenarios.entries()) {
      named(add, [...at, 'scenarios', index], name, [...scenarios.keys()], 'one of "scenarios"');
    }
    for (const [index, name] of tier.environments.entries()) {
      named(add, [...at, 'environments', index], name, [...config.environments.keys()], 'an environment');
    }
    if ((tier.minimumSeconds ?? 0) > (tier.maximumSeconds ?? Number.POSITIVE_INFINITY)) {
      add('error', [...at, 'min_duration'], 'is longer than "max_duration"');
    }
    if (tier.approval === 'self-serve' && tier.alert === undefined) {
      add('warning', [...at], 'is self-serve and alerts nobody: add "alert"');
    }
    for (const name of tier.scenarios) {
      const longest = scenarios.get(name)?.maximumSeconds;
      if (longest !== undefined && tier.maximumSeconds !== undefined && longest > tier.maximumSeconds) {
        add(
          'warning',
          ['break_glass', 'scenarios', name, 'max_duration'],
          `is longer than that of tier ${tier.name}, which is what holds`,
        );
      }
    }
  }
}

function named(add: Add, path: Path, name: string, known: readonly string[], what: string): void {
  if (known.includes(name)) return;
  const near = nearest(name, known);
  const hint =
    near === undefined
      ? known.length === 0
        ? undefined
        : `There are: ${known.slice(0, 20).join(', ')}`
      : `Did you mean: ${near}`;
  add('error', path, `names ${JSON.stringify(name)}, which is not ${what}`, hint);
}

async function inspectFiles(add: Add, config: Config): Promise<void> {
  for (const environment of config.environments.values()) {
    const files = [
      ...[...environment.databases.values()].map(({ name, ca }) => ['databases', name, ca] as const),
      ...[...environment.clusters.values()].map(({ name, known }) => ['clusters', name, known?.ca] as const),
    ];
    for (const [kind, name, ca] of files) {
      if (ca === undefined) continue;
      const found = await stat(ca).catch(() => undefined);
      const path = ['environments', environment.name, kind, name, 'ca'];
      if (found === undefined) add('error', path, `names ${ca}, which does not exist`);
      else if (!found.isFile()) add('error', path, `names ${ca}, which is not a file`);
    }
  }
}
