import type { Config, Environment } from '../config/config.ts';
import { partitionOf } from '../lib/partition.ts';
import { clusterTargetName } from '../targets/resolve-cluster.ts';
import { type KnownContext, knownContexts } from './kubeconfig/forge-contexts.ts';
import type { Kubeconfig } from './kubeconfig/parse-kubeconfig.ts';

/** A row of `forge kube list`. */
export interface ListedCluster {
  /** As people name it; null for a context of forge's whose cluster forge.yaml does not name. */
  readonly target: string | null;
  /** Its name in EKS. */
  readonly cluster: string;
  readonly environment: string | null;
  readonly production: boolean;
  readonly account: string | null;
  readonly region: string | null;
  readonly contexts: readonly string[];
  readonly current: boolean;
}

/** The clusters that forge.yaml names, then those that only the kubeconfig has from forge. Pure. */
export function listClusters(
  config: Config,
  files: readonly Pick<Kubeconfig, 'path' | 'data'>[],
  options: { readonly environment: Environment | undefined; readonly current: string | undefined },
): readonly ListedCluster[] {
  const contexts = [...knownContexts(files).values()];
  const listed = new Set<string>();
  const environments =
    options.environment === undefined ? [...config.environments.values()] : [options.environment];
  const rows = environments.flatMap((environment) =>
    [...environment.clusters.values()].map((cluster): ListedCluster => {
      const { account, region, production, name } = environment;
      const arn = `arn:${partitionOf(region)}:eks:${region}:${account}:cluster/${cluster.cluster}`;
      // Two environments may have one cluster, with a role each.
      const another = ({ forge }: KnownContext) =>
        forge?.environment !== undefined &&
        forge.environment !== name &&
        config.environments.has(forge.environment);
      const own = contexts.filter((context) => context.cluster === arn && !another(context));
      for (const context of own) listed.add(context.name);
      return {
        target: clusterTargetName(environment, cluster),
        cluster: cluster.cluster,
        environment: name,
        production,
        account,
        region,
        ...namesOf(own, options.current),
      };
    }),
  );
  const others = contexts.filter(
    ({ forge, name }) =>
      forge !== undefined &&
      !listed.has(name) &&
      (options.environment === undefined || forge.environment === options.environment.name),
  );
  const byCluster = groupByCluster(others);
  return [...rows, ...[...byCluster].map(([arn, own]) => unnamed(arn, own, options.current))];
}

function unnamed(arn: string, own: readonly KnownContext[], current: string | undefined): ListedCluster {
  const [, region, account, cluster] = /^arn:[\w-]+:eks:([^:]*):([^:]*):cluster\/(.*)$/.exec(arn) ?? [];
  const mark = own[0]?.forge;
  return {
    target: null,
    cluster: cluster ?? arn,
    environment: mark?.environment ?? null,
    production: own.some(({ forge }) => forge?.production === true),
    account: account ?? null,
    region: region ?? null,
    ...namesOf(own, current),
  };
}

function namesOf(contexts: readonly KnownContext[], current: string | undefined) {
  const names = contexts.map(({ name }) => name);
  return { contexts: names, current: current !== undefined && names.includes(current) };
}

function groupByCluster(contexts: readonly KnownContext[]): Map<string, KnownContext[]> {
  const groups = new Map<string, KnownContext[]>();
  for (const context of contexts) {
    groups.set(context.cluster, [...(groups.get(context.cluster) ?? []), context]);
  }
  return groups;
}
