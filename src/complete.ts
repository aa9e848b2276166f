import { productionGlobals, takesGrant } from './access/takes-grant.ts';
import type { CommandDefinition } from './command.ts';
import { entries } from './command-tree.ts';
import { findEntry, plainGlobals, valuedGlobals, wordPositions } from './find-entry.ts';
import type { Host } from './host.ts';

/**
 * What could stand where the cursor is: the shells' completion scripts (`forge completion`) ask for it with every
 * word typed so far, the last of them unfinished. Commands, options, option values, and the names of the
 * configuration; never a network call, and never an error: a shell would print it into the prompt.
 */
export async function complete(typed: readonly string[], host: Host): Promise<string[]> {
  const unfinished = typed.at(-1) ?? '';
  const before = typed.slice(0, -1);
  // What follows `--` belongs to another program.
  if (before.includes('--')) return [];
  try {
    const candidates = await candidatesFor(before, unfinished, host);
    return [...new Set(candidates)].filter((candidate) => candidate.startsWith(unfinished)).sort();
  } catch {
    return [];
  }
}

async function candidatesFor(before: readonly string[], unfinished: string, host: Host): Promise<string[]> {
  const previous = before.at(-1) ?? '';
  const words = wordPositions(before).map((position) => before[position] ?? '');
  const [entry, used] = findEntry(words);
  const definition = entry === undefined ? undefined : (await entry.load()).default;
  const own = (definition?.options ?? []).map((option) => {
    const flags = option.flags.split(/[ ,|]+/);
    return {
      names: flags.filter((flag) => flag.startsWith('-')),
      takesValue: /[<[]/.test(option.flags),
      choices: option.choices,
    };
  });
  const asked = own.find((option) => option.takesValue && option.names.includes(previous));
  if (asked !== undefined) return [...(asked.choices ?? [])];
  if (previous === '--output') return ['json', 'table'];
  if (previous === '--env') return environmentNames(host);
  if (valuedGlobals.some((option) => option === previous)) return [];
  if (unfinished.startsWith('-')) {
    const meaningless = new Set<string>(takesGrant(entry?.path ?? '') ? [] : productionGlobals);
    const globals = [...valuedGlobals, ...plainGlobals].filter((name) => !meaningless.has(name));
    return [...own.flatMap((option) => option.names), ...globals, '--help'].filter((name) =>
      name.startsWith('--'),
    );
  }
  // `ssm` is a command of its own, and a group of others.
  const further = words.length > used && definition !== undefined ? [] : nextWords(words);
  if (definition === undefined) return further;
  return [...further, ...(await argumentsOf(definition, entry?.path, words.length - used, host))];
}

function nextWords(words: readonly string[]): string[] {
  const path = words.length === 0 ? '' : `${words.join(' ')} `;
  return entries
    .filter((each) => each.path.startsWith(path))
    .map((each) => each.path.slice(path.length).split(' ')[0] ?? '');
}

async function argumentsOf(
  definition: CommandDefinition<never>,
  path: string | undefined,
  position: number,
  host: Host,
): Promise<string[]> {
  const argument = definition.arguments?.[position]?.name ?? '';
  if (/target/.test(argument)) return path?.startsWith('kube ') ? clusterNames(host) : targetNames(host);
  if (/instance/.test(argument)) return instanceNames(host, path === 'ssm forward');
  return /environment/.test(argument) ? environmentNames(host) : [];
}

async function configuration(host: Host) {
  const { loadConfig } = await import('./config/load-config.ts');
  return loadConfig(host, undefined);
}

async function environmentNames(host: Host): Promise<string[]> {
  return [...(await configuration(host)).environments.keys()];
}

async function targetNames(host: Host): Promise<string[]> {
  const { environments } = await configuration(host);
  return [...environments.values()].flatMap((environment) => [
    environment.name,
    ...[...environment.databases.keys()].map((database) => `${environment.name}/${database}`),
  ]);
}

async function clusterNames(host: Host): Promise<string[]> {
  const { environments } = await configuration(host);
  return [...environments.values()]
    .filter(({ clusters }) => clusters.size > 0)
    .flatMap(({ name, clusters }) => [name, ...[...clusters.keys()].map((cluster) => `${name}/${cluster}`)]);
}

/** With groups of forwards where they can be named too. */
async function instanceNames(host: Host, withGroups: boolean): Promise<string[]> {
  const { environments } = await configuration(host);
  return [...environments.values()].flatMap(({ name, instances, forwards }) => [
    name,
    ...[...instances.keys(), ...(withGroups ? forwards.keys() : [])].map((each) => `${name}/${each}`),
  ]);
}
