import type { AccessPolicyName } from './kubernetes-user.ts';

/** What may be done, as a ClusterRole has it. */
export type Rule = ResourceRule | PathRule;

export interface ResourceRule {
  readonly groups: readonly string[];
  /** pods, pods/exec; `*`: all with their subresources. */
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

export interface PathRule {
  /** `/healthz`, `/api/*`, `*` */
  readonly paths: readonly string[];
  readonly verbs: readonly string[];
}

const read = ['get', 'list', 'watch'];
const write = ['create', 'delete', 'deletecollection', 'patch', 'update'];
const words = (text: string): readonly string[] => text.split(' ');
const rule = (group: string, resources: string, verbs: readonly string[]): ResourceRule => ({
  groups: [group],
  resources: words(resources),
  verbs,
});

const view: readonly Rule[] = [
  rule(
    'apps',
    'controllerrevisions daemonsets daemonsets/status deployments deployments/scale deployments/status replicasets replicasets/scale replicasets/status statefulsets statefulsets/scale statefulsets/status',
    read,
  ),
  rule('autoscaling', 'horizontalpodautoscalers horizontalpodautoscalers/status', read),
  rule('batch', 'cronjobs cronjobs/status jobs jobs/status', read),
  rule('discovery.k8s.io', 'endpointslices', read),
  rule(
    'extensions',
    'daemonsets daemonsets/status deployments deployments/scale deployments/status ingresses ingresses/status networkpolicies replicasets replicasets/scale replicasets/status replicationcontrollers/scale',
    read,
  ),
  rule('networking.k8s.io', 'ingresses ingresses/status networkpolicies', read),
  rule('policy', 'poddisruptionbudgets poddisruptionbudgets/status', read),
  rule(
    '',
    'configmaps endpoints persistentvolumeclaims persistentvolumeclaims/status pods replicationcontrollers replicationcontrollers/scale serviceaccounts services services/status',
    read,
  ),
  rule(
    '',
    'bindings events limitranges namespaces/status pods/log pods/status replicationcontrollers/status resourcequotas resourcequotas/status',
    read,
  ),
  rule('', 'namespaces', read),
];

const edit: readonly Rule[] = [
  ...view,
  rule(
    'apps',
    'daemonsets deployments deployments/rollback deployments/scale replicasets replicasets/scale statefulsets statefulsets/scale',
    write,
  ),
  rule('autoscaling', 'horizontalpodautoscalers', write),
  rule('batch', 'cronjobs jobs', write),
  rule(
    'extensions',
    'daemonsets deployments deployments/rollback deployments/scale ingresses networkpolicies replicasets replicasets/scale replicationcontrollers/scale',
    write,
  ),
  rule('networking.k8s.io', 'ingresses networkpolicies', write),
  rule('policy', 'poddisruptionbudgets', write),
  rule('', 'pods/attach pods/exec pods/portforward pods/proxy secrets services/proxy', read),
  rule('', 'serviceaccounts', ['impersonate']),
  rule('', 'pods pods/attach pods/exec pods/portforward pods/proxy', write),
  rule(
    '',
    'configmaps events persistentvolumeclaims replicationcontrollers replicationcontrollers/scale secrets serviceaccounts services services/proxy',
    write,
  ),
];

const admin: readonly Rule[] = [
  ...edit,
  rule('authorization.k8s.io', 'localsubjectaccessreviews', ['create']),
  rule('rbac.authorization.k8s.io', 'rolebindings roles', [...read, ...write]),
];

const everything: readonly Rule[] = [
  { groups: ['*'], resources: ['*'], verbs: ['*'] },
  { paths: ['*'], verbs: ['*'] },
];

/** https://docs.aws.amazon.com/eks/latest/userguide/access-policy-permissions.html, rule by rule. */
export const accessPolicies: Readonly<Record<AccessPolicyName, readonly Rule[]>> = {
  AmazonEKSViewPolicy: view,
  AmazonEKSEditPolicy: edit,
  AmazonEKSAdminPolicy: admin,
  AmazonEKSAdminViewPolicy: [{ groups: ['*'], resources: ['*'], verbs: read }],
  AmazonEKSClusterAdminPolicy: everything,
};

/**
 * What the cluster's own ClusterRoleBindings grant to groups. The first two are every cluster's; no access policy but
 * the administrators' shows nodes, so that a cluster that wants them seen binds a group of its own.
 */
export const groupRules: Readonly<Record<string, readonly Rule[]>> = {
  'system:masters': everything,
  'system:authenticated': [
    rule('authorization.k8s.io', 'selfsubjectaccessreviews selfsubjectrulesreviews', ['create']),
    rule('authentication.k8s.io', 'selfsubjectreviews', ['create']),
    { paths: words('/healthz /livez /readyz /version /version/'), verbs: ['get'] },
    { paths: words('/api /api/* /apis /apis/* /openapi /openapi/*'), verbs: ['get'] },
  ],
  'node-readers': [rule('', 'nodes', read), rule('coordination.k8s.io', 'leases', read)],
};
