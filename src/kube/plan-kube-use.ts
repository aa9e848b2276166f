import type { Config, Environment } from '../config/config.ts';
import type { Host } from '../host.ts';
import type { Plan, PlanStep } from '../terminal/plan.ts';
import { type ClusterPurpose, clusterAccess } from './cluster-access.ts';
import type { ClusterRequest } from './cluster-request.ts';
import { kubeconfigPaths } from './kubeconfig/kubeconfig-paths.ts';
import { locateStep, planWithAccess } from './plan-cluster.ts';

/** What `kube use` would do; without a request, --all of these environments. Throws what it would refuse. */
export function planKubeUse(
  host: Host,
  config: Config,
  request: ClusterRequest | undefined,
  purpose: ClusterPurpose,
  environments: readonly Environment[],
  { print }: { readonly print?: boolean | undefined },
): Plan {
  const where = kubeconfigPaths(host).join(', ');
  const last: PlanStep = {
    kind: 'local',
    what:
      print === true ? 'print a kubeconfig' : `set cluster, user and context in ${where}, locked and at once`,
  };
  if (request !== undefined) {
    const located = locateStep(request);
    return planWithAccess(config, clusterAccess(request, purpose), {
      summary: `Write ${request.name} into the kubeconfig: EKS cluster ${request.cluster} in ${request.region}.`,
      steps: [...(located === undefined ? [] : [located]), last],
      equivalents: [`aws eks update-kubeconfig --name ${request.cluster} --region ${request.region}`],
    });
  }
  const asked = environments.flatMap(({ name, region }): PlanStep[] => [
    { kind: 'local', what: `credentials for ${name}, and the opening record in the journal` },
    {
      kind: 'aws',
      call: 'eks ListClusters',
      action: 'eks:ListClusters',
      resource: `all clusters in ${region}`,
      why: `what there is in ${name}`,
    },
    {
      kind: 'aws',
      call: 'eks DescribeCluster',
      action: 'eks:DescribeCluster',
      resource: `each of them in ${region}`,
      why: 'addresses and certificate authorities',
    },
  ]);
  return {
    summary: `Write all clusters of ${environments.map(({ name }) => name).join(', ') || 'no environment'} into the kubeconfig.`,
    steps: [...asked, last],
    equivalents: [],
  };
}
