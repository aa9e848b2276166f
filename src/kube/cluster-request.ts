import type { Cluster, Config, Environment, RoleStep } from '../config/config.ts';
import { ForgeError } from '../errors.ts';
import type { Environment as Variables } from '../host.ts';
import { resolveCluster } from '../targets/resolve-cluster.ts';
import { findCurrentEnvironment } from '../targets/resolve-environment.ts';

/** What the command line says about a cluster, beside or in place of forge.yaml. */
export interface ClusterFlags {
  /** Its name in EKS: in place of a target of forge.yaml. */
  readonly cluster?: string | undefined;
  readonly region?: string | undefined;
  readonly namespace?: string | undefined;
}

/** Everything that is known about a cluster before AWS or the network is asked. */
export interface ClusterRequest {
  /** As people name it: `dev`, `dev/batch`; the cluster's own name when forge.yaml does not know it. */
  readonly name: string;
  /** Command line that means the same cluster: [`dev/batch`] or [`--cluster`, `batch`, `--region`, …]. */
  readonly words: readonly string[];
  readonly environment: Environment | undefined;
  readonly production: boolean;
  /** Its name in EKS, which the token is bound to. */
  readonly cluster: string;
  readonly region: string;
  readonly namespace: string | undefined;
  /** Assumed after the environment's own chain. */
  readonly roles: readonly RoleStep[];
  /** From forge.yaml: then EKS need not be asked. */
  readonly known: Cluster['known'];
}

/**
 * A cluster by its name in forge.yaml, or by flags alone (`--cluster`, `--region`); with both `--env` and
 * `--cluster`, one of the environment's account that forge.yaml need not name.
 * Throws usage: what resolveCluster throws, MISSING_FLAG, INVALID_CLUSTER, INVALID_REGION, INVALID_NAMESPACE.
 */
export function requestCluster(
  config: Config,
  name: string | undefined,
  flags: ClusterFlags,
  said: { readonly env: string | undefined; readonly variables: Variables },
): ClusterRequest {
  if (flags.namespace !== undefined) checkNamespace(flags.namespace);
  if (flags.cluster !== undefined) return byName(config, name, flags.cluster, flags, said);
  if (flags.region !== undefined) checkRegion(flags.region);
  const current = { flag: said.env, variable: said.variables.FORGE_ENV };
  const target = resolveCluster(config, name, current);
  const { cluster, environment } = target;
  return {
    name: target.name,
    words: [target.name],
    environment,
    production: environment.production,
    cluster: cluster.cluster,
    region: flags.region ?? environment.region,
    namespace: flags.namespace ?? cluster.namespace,
    roles: cluster.role === undefined ? [] : [cluster.role],
    known: cluster.known,
  };
}

function byName(
  config: Config,
  target: string | undefined,
  cluster: string,
  flags: ClusterFlags,
  { env, variables }: Parameters<typeof requestCluster>[3],
): ClusterRequest {
  if (!/^[0-9A-Za-z][0-9A-Za-z_-]{0,99}$/.test(cluster)) {
    throw new ForgeError('usage', `${JSON.stringify(cluster)} is not the name of an EKS cluster.`, {
      code: 'INVALID_CLUSTER',
      hint: 'Give its name in EKS, not its ARN or address.',
    });
  }
  const word = target ?? env;
  const environment =
    word === undefined ? undefined : findCurrentEnvironment(config, { flag: word, variable: undefined });
  const region =
    flags.region ?? environment?.region ?? (variables.AWS_REGION || variables.AWS_DEFAULT_REGION);
  if (!region) {
    throw new ForgeError('usage', 'The region of the cluster is not known.', {
      code: 'MISSING_FLAG',
      hint: 'Add --region <name>.',
    });
  }
  checkRegion(region);
  const configured = configuredAs(environment, cluster, region);
  return {
    name: environment === undefined ? cluster : `${environment.name}/${configured?.name ?? cluster}`,
    words:
      environment === undefined
        ? ['--cluster', cluster, '--region', region]
        : ['--env', environment.name, '--cluster', cluster],
    environment,
    production: environment?.production ?? isOfProduction(config, cluster, region),
    cluster,
    region,
    namespace: flags.namespace ?? configured?.namespace,
    roles: configured?.role === undefined ? [] : [configured.role],
    known: configured?.known,
  };
}

function configuredAs(
  environment: Environment | undefined,
  cluster: string,
  region: string,
): Cluster | undefined {
  if (environment?.region !== region) return undefined;
  return [...environment.clusters.values()].find((entry) => entry.cluster === cluster);
}

/** What production is stays so when it is named by its name in EKS. */
function isOfProduction(config: Config, cluster: string, region: string): boolean {
  return [...config.environments.values()].some(
    (environment) => environment.production && configuredAs(environment, cluster, region) !== undefined,
  );
}

/** It becomes a part of host names, of STS's in the token among them. */
function checkRegion(region: string): void {
  if (/^[a-z][a-z0-9-]{1,30}[0-9a-z]$/.test(region)) return;
  throw new ForgeError('usage', `${JSON.stringify(region)} is not the name of a region.`, {
    code: 'INVALID_REGION',
    hint: 'For example: --region us-east-1',
  });
}

/** https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#dns-label-names */
function checkNamespace(namespace: string): void {
  if (/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(namespace)) return;
  throw new ForgeError('usage', `${JSON.stringify(namespace)} can't be the name of a namespace.`, {
    code: 'INVALID_NAMESPACE',
    hint: 'Up to 63 small letters, digits and dashes.',
  });
}
