import type { ArgumentDefinition, OptionDefinition } from '../../command.ts';
import type { Config } from '../../config/config.ts';
import type { Context } from '../../context.ts';
import { type ClusterRequest, requestCluster } from '../../kube/cluster-request.ts';

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

/** By flags alone it must work, and fast, where forge.yaml does not: in a container, in a script. */
export async function clusterConfig(
  context: Context,
  target: string | undefined,
  { cluster }: ClusterOptions,
  environment: string | undefined = context.globals.env,
): Promise<Config> {
  if (target !== undefined || cluster === undefined || environment !== undefined) return context.config();
  const { emptyConfig } = await import('../../config/build-config.ts');
  return emptyConfig;
}

export function clusterRequest(
  context: Context,
  config: Config,
  target: string | undefined,
  options: ClusterOptions & { readonly namespace?: string },
  environment: string | undefined = context.globals.env,
): ClusterRequest {
  const { region } = context.globals;
  const flags = { cluster: options.cluster, namespace: options.namespace, region };
  return requestCluster(config, target, flags, { env: environment, variables: context.host.env });
}
