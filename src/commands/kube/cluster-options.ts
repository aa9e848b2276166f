import type { ArgumentDefinition, OptionDefinition } from '../../command.ts';
import type { Config } from '../../config/config.ts';
import type { Context } from '../../context.ts';
import { type ClusterRequest, requestCluster } from '../../kube/cluster-request.ts';
import type { ClusterVia, RouteOptions } from '../../kube/cluster-route.ts';

/** What can be said of a cluster on the command line, beside or in place of forge.yaml. */
export interface ClusterOptions {
  readonly cluster?: string;
  readonly reason?: string;
  readonly mfaCode?: string;
}

export const clusterArgument: ArgumentDefinition = {
  name: '[target]',
  description:
    'cluster in forge.yaml: <environment> or <environment>/<name>; without one that of the current environment',
};

export const clusterOption: OptionDefinition = {
  flags: '--cluster <name>',
  description: 'its name in EKS, in place of a name of forge.yaml; with --env or --region',
};

export function clusterRequest(
  context: Pick<Context, 'globals' | 'host'>,
  config: Config,
  target: string | undefined,
  options: ClusterOptions & { readonly namespace?: string },
  environment: string | undefined = context.globals.env,
): ClusterRequest {
  const { region } = context.globals;
  const flags = { cluster: options.cluster, namespace: options.namespace, region };
  return requestCluster(config, target, flags, { env: environment, variables: context.host.env });
}

export interface RouteFlags {
  readonly via?: ClusterVia;
  readonly bastion?: string;
  readonly port?: number;
}

/** How to get to a cluster whose address leads nowhere from here. */
export const routeOptions: readonly OptionDefinition[] = [
  {
    flags: '--via <way>',
    description: 'auto (the default): directly, and through a bastion when that fails',
    choices: ['direct', 'tunnel', 'auto'],
  },
  { flags: '--bastion <instance>', description: 'which instance a tunnel goes through (bastion)' },
];

export const reasonOption: OptionDefinition = {
  flags: '--reason <text>',
  description: 'why; it is recorded with your name; production needs one',
};

export function routeOf({ via = 'auto', bastion, port = 0 }: RouteFlags): RouteOptions {
  return { via, bastion, port };
}
