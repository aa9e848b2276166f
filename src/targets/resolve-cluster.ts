import type { Cluster, Config, Environment } from '../config/config.ts';
import type { CurrentEnvironment } from './resolve-environment.ts';
import { resolveInEnvironment, type TargetKind, targetName } from './resolve-in-environment.ts';

export interface ClusterTarget {
  /** The shortest name that means this cluster from everywhere: `dev`, `dev/batch`. */
  readonly name: string;
  readonly environment: Environment;
  readonly cluster: Cluster;
}

const clusters: TargetKind<Cluster> = {
  noun: 'cluster',
  of: (environment) => environment.clusters,
  defaultOf: (environment) => environment.defaultCluster,
};

/** A cluster by `<environment>`, `<environment>/<name>` or a name in the current environment; see resolveInEnvironment. */
export function resolveCluster(
  config: Config,
  name: string | undefined,
  current: CurrentEnvironment,
): ClusterTarget {
  const { value, ...target } = resolveInEnvironment(config, clusters, name, current);
  return { ...target, cluster: value };
}

/** The shortest name that means a cluster from everywhere. */
export function clusterTargetName(environment: Environment, cluster: Cluster): string {
  return targetName(clusters, environment, cluster.name);
}
