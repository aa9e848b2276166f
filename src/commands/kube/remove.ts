import { type CommandInput, defineCommand } from '../../command.ts';
import type { Context } from '../../context.ts';
import { ForgeError } from '../../errors.ts';
import type { KnownContext } from '../../kube/kubeconfig/forge-contexts.ts';
import { type ClusterOptions, clusterArgument, clusterOption, clusterRequest } from './cluster-options.ts';

interface RemoveOptions extends ClusterOptions {
  readonly context?: string;
  readonly all?: boolean;
}

export default defineCommand<RemoveOptions>({
  description: 'Takes what forge kube use wrote out of your kubeconfig again, and nothing else.',
  arguments: [clusterArgument],
  options: [
    clusterOption,
    { flags: '--context <name>', description: 'name of the context (the target; production:<target>)' },
    { flags: '--all', description: 'every context that forge wrote' },
  ],
  examples: [
    ['forge kube remove dev', 'its contexts, of all your roles'],
    ['forge kube remove --context dev@Admin', 'one of them'],
    ['forge kube remove --all', 'all that forge wrote'],
  ],
  details: `A context is forge's by the extension forge.tapp.dev. Its user and its cluster go too when no other context needs them.
Tokens that kubectl has stay good for up to 14 minutes.`,
  run: runRemove,
});

async function runRemove(context: Context, input: CommandInput<RemoveOptions>): Promise<void> {
  const { host, globals, output } = context;
  const wanted = await choose(context, input);
  const { planRemove } = await import('../../kube/kubeconfig/plan-remove.ts');
  if (globals.plan) {
    const { readKubeconfigs } = await import('../../kube/kubeconfig/read-kubeconfigs.ts');
    const { result, edits } = planRemove(await readKubeconfigs(host), wanted.matches);
    return output.plan({
      summary:
        result.contexts.length === 0
          ? `The kubeconfig has nothing of ${wanted.what} from forge.`
          : `Remove ${result.contexts.map(({ name }) => name).join(', ')} from the kubeconfig.`,
      steps: [...edits].flatMap(([path, own]) =>
        own.map((edit) => ({
          kind: 'local' as const,
          what:
            edit.kind === 'current'
              ? `set no current context in ${path}`
              : `remove ${edit.name} from ${edit.list} of ${path}`,
        })),
      ),
      equivalents: result.contexts.map(({ name }) => `kubectl config delete-context ${JSON.stringify(name)}`),
    });
  }
  const { changeKubeconfigs } = await import('../../kube/kubeconfig/change-kubeconfigs.ts');
  const { result, written } = await changeKubeconfigs(host, (files) => planRemove(files, wanted.matches));
  const { contexts, users, clusters, before, current } = result;
  const names = [...new Set(contexts.map(({ name }) => name))];
  if (names.length === 0) output.note(`The kubeconfig has nothing of ${wanted.what} from forge.`);
  else output.note(`Wrote ${written.join(', ')}.`);
  if (before !== current) {
    output.note(
      `${before} was the current context; now ${current === undefined ? 'none is: kubectl config use-context <name>' : `it is ${current}.`}`,
    );
  }
  output.result({
    data: {
      written,
      contexts: names,
      users,
      clusters,
      currentContext: current ?? null,
      previousContext: before ?? null,
    },
    text: () => names.map((name) => `${name} (removed)`).join('\n'),
  });
}

interface Wanted {
  /** For a sentence. */
  readonly what: string;
  readonly matches: (context: KnownContext) => boolean;
}

async function choose(context: Context, { args, options }: CommandInput<RemoveOptions>): Promise<Wanted> {
  const [target] = args;
  const ways = [target ?? options.cluster, options.context, options.all].filter((way) => way !== undefined);
  if (ways.length !== 1) {
    throw new ForgeError(
      'usage',
      ways.length === 0 ? 'Nothing says what to remove.' : 'Several things say what to remove.',
      {
        code: 'USAGE',
        hint: 'Name a target, or give --context <name> or --all.',
      },
    );
  }
  if (options.all === true) return { what: 'any cluster', matches: () => true };
  const { context: name } = options;
  if (name !== undefined) return { what: JSON.stringify(name), matches: (found) => found.name === name };
  const config = await context.config();
  const { environment, cluster, region, name: shown } = clusterRequest(context, config, target, options);
  return {
    what: shown,
    matches: (found) =>
      found.forge?.environment === environment?.name &&
      (found.cluster === cluster ||
        (found.cluster.endsWith(`:cluster/${cluster}`) && found.cluster.includes(`:eks:${region}:`))),
  };
}
