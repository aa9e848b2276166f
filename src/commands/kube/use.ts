import { type CommandInput, defineCommand } from '../../command.ts';
import type { Config } from '../../config/config.ts';
import type { Context } from '../../context.ts';
import { ForgeError } from '../../errors.ts';
import type { ClusterPurpose } from '../../kube/cluster-access.ts';
import type { ClusterRequest } from '../../kube/cluster-request.ts';
import type { KubeEntry } from '../../kube/kubeconfig/kube-entry.ts';
import type { VisibleClusters } from '../../kube/visible-clusters.ts';
import { environmentNamed } from '../../targets/resolve-environment.ts';
import {
  type ClusterOptions,
  clusterArgument,
  clusterOption,
  clusterRequest,
  reasonOption,
} from './cluster-options.ts';

interface UseOptions extends ClusterOptions {
  readonly all?: boolean;
  readonly context?: string;
  readonly namespace?: string;
  readonly print?: boolean;
  readonly production?: boolean;
  readonly login?: boolean;
  readonly yes?: boolean;
}

export default defineCommand<UseOptions>({
  description:
    'Writes a cluster into your kubeconfig, so that kubectl, helm and k9s reach it with tokens of forge, and makes it current.',
  arguments: [clusterArgument],
  options: [
    clusterOption,
    { flags: '--all', description: 'every cluster that you can see, in all environments but production' },
    { flags: '--production', description: 'with --all: production too' },
    { flags: '--context <name>', description: 'name of the context (the target; production:<target>)' },
    { flags: '--namespace <name>', description: 'namespace that commands without one mean' },
    { flags: '--print', description: 'print a kubeconfig with nothing else in it, and write nothing' },
    {
      flags: '--login',
      description: 'sign in on the spot when the sign-in has ended and a terminal is there',
    },
    { flags: '--yes', description: 'do not ask, go on' },
    reasonOption,
    { flags: '--mfa-code <code>', description: 'of the MFA device, where a role asks for it' },
  ],
  examples: [
    ['forge kube use dev', 'then: kubectl get pods'],
    ['forge kube use dev/batch --context batch --namespace jobs', 'under a name of your own'],
    ['forge kube use --all', 'a context for each cluster; which one is current stays'],
    ['forge kube use dev --print > dev.kubeconfig', 'a file of its own'],
    ['forge kube use --cluster dev-eks-cluster --region us-east-1', 'without forge.yaml, with your AWS keys'],
  ],
  details: `The file is ~/.kube/config, or those of KUBECONFIG: an entry is changed in the file that has it, a new one goes where
kubectl config would put it. All else in them, comments and order included, stays as it is. Neither keys nor tokens are
written: kubectl asks forge kube token. A cluster with two roles has a user and a context for each: dev, dev@Admin.
Production is marked in the context's name. For one program, without any trace: forge kube exec.`,
  run: runUse,
});

async function runUse(context: Context, input: CommandInput<UseOptions>): Promise<number> {
  const { host, globals, output } = context;
  const { options } = input;
  const [target] = input.args;
  refuseContradictions(target, options, globals.env);
  const { clusterEntry, parseContextName } = await import('../../kube/cluster-entry.ts');
  if (options.context !== undefined) parseContextName(options.context);
  const config = await context.config();
  const request = options.all ? undefined : clusterRequest(context, config, target, options);
  const purpose = {
    purpose: options.all ? 'kube use --all' : 'kube use',
    reason: options.reason,
    mfaCode: options.mfaCode,
    profile: globals.profile,
    momentary: true,
  };
  if (globals.plan) {
    const { planKubeUse } = await import('../../kube/plan-kube-use.ts');
    output.plan(
      planKubeUse(host, config, request, purpose, chosenEnvironments(context, config, options), options),
    );
    return 0;
  }
  await confirmProduction(context, request, options);
  const found = await findClusters(context, config, request, purpose, options);
  const entries = found.clusters.map((cluster) =>
    clusterEntry(host, config, cluster.request, cluster, { ...options, profile: globals.profile }),
  );
  for (const { name, error } of found.failures) {
    output.warn(`${name} is left out: ${error.message}`);
  }
  if (options.print !== true) await notePrivate(context, found);
  const [failure] = found.failures;
  if (entries.length === 0 && failure !== undefined) throw failure.error;
  if (options.print === true) await print(context, entries, options);
  else await write(context, entries, options);
  return found.failures.some(({ error }) => error.kind !== 'denied') ? 1 : 0;
}

/** Such a context times out without a VPN, and kubectl does not say why. */
async function notePrivate({ output }: Context, { clusters }: VisibleClusters): Promise<void> {
  const [first, ...others] = clusters
    .filter(({ location }) => location.publicAccess === false)
    .map(({ request }) => request);
  if (first === undefined) return;
  if (others.length === 0) {
    const line = `forge kube exec ${first.words.join(' ')}`;
    return output.note(`${first.name} answers inside its network only; without a VPN: ${line}`);
  }
  const { listNames } = await import('../../targets/list-names.ts');
  const names = listNames([first, ...others].map(({ name }) => name));
  output.note(`These answer inside their network only; without a VPN: forge kube exec\n  ${names}`);
}

function refuseContradictions(
  target: string | undefined,
  options: UseOptions,
  env: string | undefined,
): void {
  const refuse = (message: string, hint: string) => {
    throw new ForgeError('usage', message, { code: 'USAGE', hint });
  };
  if (options.all === true) {
    if (target !== undefined || options.cluster !== undefined)
      refuse('--all means every cluster, and one is named.', 'Leave out the one or the other.');
    if (options.context !== undefined || options.namespace !== undefined)
      refuse('--context and --namespace are for one cluster.', 'Leave them out with --all.');
  } else if (options.production === true) {
    refuse(
      '--production goes with --all.',
      `A cluster of production is named: forge kube use ${env ?? 'prod-wealth'}`,
    );
  }
}

async function findClusters(
  context: Context,
  config: Config,
  request: ClusterRequest | undefined,
  purpose: ClusterPurpose,
  options: UseOptions,
): Promise<VisibleClusters> {
  const { identityParts } = await import('../../identity/identity-parts.ts');
  const { findVisibleCluster, findVisibleClusters } = await import('../../kube/visible-clusters.ts');
  const parts = { ...identityParts(context), config };
  using _progress = context.output.progress(`asking for ${request?.name ?? 'the clusters'}`);
  if (request !== undefined) {
    return { clusters: [await findVisibleCluster(parts, request, purpose)], failures: [] };
  }
  return findVisibleClusters(parts, chosenEnvironments(context, config, options), purpose);
}

function chosenEnvironments({ globals }: Context, config: Config, options: UseOptions) {
  if (options.all !== true) return [];
  const all = [...config.environments.values()];
  if (all.length === 0) {
    throw new ForgeError('usage', 'The configuration has no environments.', {
      code: 'NO_ENVIRONMENT',
      hint: 'forge config init writes a forge.yaml.',
    });
  }
  const named =
    globals.env === undefined
      ? all
      : [environmentNamed(config, globals.env, '--env: there is no environment')];
  const chosen = named.filter(({ production }) => !production || options.production === true);
  if (chosen.length > 0) return chosen;
  const names = named.map(({ name }) => name).join(', ');
  throw new ForgeError('usage', `Production is left out: ${names}; with --all it takes --production.`, {
    code: 'NO_ENVIRONMENT',
    hint: 'Add --production.',
  });
}

/** A context of production lies in wait in every terminal: nobody gets one by habit. */
async function confirmProduction(
  { prompt }: Context,
  request: ClusterRequest | undefined,
  options: UseOptions,
): Promise<void> {
  const production = request?.production ?? options.production === true;
  if (!production || options.yes === true || options.print === true) return;
  const what = request === undefined ? 'All clusters of production' : `${request.name} is production. It`;
  const agreed = await prompt.confirm({
    message: `${what} will be in your kubeconfig, for every program of yours. Write it?`,
    flag: '--yes; for one program there is forge kube exec',
  });
  if (!agreed) throw new ForgeError('interrupted', 'Nothing was written.', { code: 'NOT_CONFIRMED' });
}

async function print({ output }: Context, entries: readonly KubeEntry[], options: UseOptions): Promise<void> {
  const { standaloneKubeconfigs } = await import('../../kube/kubeconfig/standalone-kubeconfigs.ts');
  const { kubectlStyle, mapText } = await import('../../kube/kubeconfig/yaml-text.ts');
  const data = standaloneKubeconfigs(entries, options.all !== true);
  output.result({ data, text: () => mapText(data, 0, kubectlStyle) });
}

async function write(
  { host, output }: Context,
  entries: readonly KubeEntry[],
  options: UseOptions,
): Promise<void> {
  const { changeKubeconfigs } = await import('../../kube/kubeconfig/change-kubeconfigs.ts');
  const { planUse } = await import('../../kube/kubeconfig/plan-use.ts');
  const { result, written } = await changeKubeconfigs(host, (files) =>
    planUse(files, entries, { makeCurrent: options.all !== true, explicit: options.context !== undefined }),
  );
  const { contexts, before, current } = result;
  for (const { entry, name } of contexts) {
    if (name !== entry.context.name) {
      output.note(`The context ${entry.context.name} is another one's: this one is ${name}.`);
    }
    if (entry.context.extension.production) {
      output.warn(`${name} is production: every program of yours that reads the kubeconfig can now use it.`);
    }
  }
  output.note(
    written.length === 0
      ? `${[...new Set(contexts.map(({ file }) => file))].join(', ') || 'Your kubeconfig'} is up to date.`
      : `Wrote ${written.join(', ')}.`,
  );
  output.note(currentSentence(before, current));
  output.result({
    data: {
      written,
      contexts: contexts.map(({ entry, name, file, existed }) => ({
        name,
        file,
        existed,
        cluster: entry.cluster.name,
        server: entry.cluster.server,
        user: entry.user.name,
        namespace: entry.context.namespace ?? null,
        environment: entry.context.extension.environment ?? null,
        production: entry.context.extension.production,
      })),
      currentContext: current ?? null,
      previousContext: before ?? null,
    },
    text: () => contexts.map(({ name }) => name).join('\n'),
  });
}

function currentSentence(before: string | undefined, current: string | undefined): string {
  if (current === undefined) return 'No context is current: kubectl config use-context <name>';
  if (before === current) return `The current context is ${current}.`;
  return `Switched to context ${current}${before === undefined ? '' : `; was ${before}`}.`;
}
