import { refusal } from '../access/may-i.ts';
import type { AccessRequest } from '../access/with-access.ts';
import type { Config } from '../config/config.ts';
import { planCredentials } from '../identity/plan-credentials.ts';
import { tunnelDocument } from '../ssm/remote-host-document.ts';
import type { Plan, PlanStep } from '../terminal/plan.ts';
import { type ClusterPurpose, lastingAccess } from './cluster-access.ts';
import type { ClusterRequest } from './cluster-request.ts';
import type { RouteOptions } from './cluster-route.ts';

/** What `forge kube token` would do. Pure; throws what it would refuse. */
export function planClusterToken(config: Config, request: ClusterRequest, access: AccessRequest): Plan {
  const { cluster, region, name } = request;
  return planWithAccess(config, access, {
    summary: `Print a token for the Kubernetes API of ${name}.`,
    steps: [{ kind: 'local', what: `sign a token (14 minutes) for ${cluster} in ${region}; no AWS call` }],
    equivalents: [tokenLine(request)],
  });
}

/** Credentials and the record first, then `then`. Throws what withAccess would refuse before it asks AWS. */
export function planWithAccess(config: Config, access: AccessRequest, then: Plan): Plan {
  const refused = refusal({ ...access, config });
  if (refused !== undefined) throw refused;
  const credentials = planCredentials({ ...access, config, profile: access.profile });
  return {
    summary: then.summary,
    steps: [
      ...credentials.steps,
      { kind: 'local', what: 'write the opening record to the journal' },
      ...then.steps,
    ],
    equivalents: [...credentials.equivalents, ...then.equivalents],
  };
}

/** Undefined where forge.yaml says where the cluster is. */
export function locateStep({ known, cluster, region }: ClusterRequest): PlanStep | undefined {
  if (known !== undefined) return undefined;
  return {
    kind: 'aws',
    call: 'eks DescribeCluster',
    action: 'eks:DescribeCluster',
    resource: `cluster ${cluster} in ${region}`,
    why: 'its address and certificate authority, unless EKS said them within the last hour',
  };
}

export function tokenLine({ cluster, region }: ClusterRequest): string {
  return `aws eks get-token --cluster-name ${cluster} --region ${region}`;
}

/** What `kube exec` and `kube proxy` would do, up to `then`. Pure; throws what they would refuse. */
export function planClusterSession(
  config: Config,
  request: ClusterRequest,
  purpose: ClusterPurpose,
  { via, bastion }: Pick<RouteOptions, 'via' | 'bastion'>,
  then: string,
): Plan {
  const local = (what: string): PlanStep => ({ kind: 'local', what });
  const located = locateStep(request);
  const tunnel: PlanStep = {
    kind: 'aws',
    call: 'ssm StartSession',
    action: 'ssm:StartSession',
    resource: `instance ${bastion ?? 'bastion'}, document ${tunnelDocument(request.environment)}`,
    why: via === 'tunnel' ? 'the way to the endpoint' : 'only when the endpoint does not answer directly',
  };
  return planWithAccess(config, lastingAccess(request, purpose), {
    summary: `Open ${request.name}: EKS cluster ${request.cluster} in ${request.region}.`,
    steps: [
      ...(located === undefined ? [] : [located]),
      ...(via === 'tunnel' ? [] : [local('try the endpoint directly')]),
      ...(via === 'direct' ? [] : [tunnel]),
      local('write a kubeconfig without secrets to a private folder; removed at the end'),
      local(then),
    ],
    equivalents: [`aws eks update-kubeconfig --name ${request.cluster} --region ${request.region}`],
  });
}
