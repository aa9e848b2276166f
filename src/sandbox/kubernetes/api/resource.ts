/** A kind of object that the API has, as discovery tells of it. */
export interface Resource {
  readonly group: string;
  readonly version: string;
  /** pods: the name in paths and in rules. */
  readonly name: string;
  readonly singular: string;
  readonly kind: string;
  readonly namespaced: boolean;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  /** Paths below an object. */
  readonly subresources: readonly Subresource[];
}

export interface Subresource {
  readonly name: string;
  readonly kind: string;
  readonly verbs: readonly string[];
}

const define = (
  group: string,
  name: string,
  kind: string,
  more: Partial<Pick<Resource, 'namespaced' | 'shortNames' | 'categories' | 'subresources'>> = {},
): Resource => ({
  group,
  version: 'v1',
  name,
  singular: kind.toLowerCase(),
  kind,
  namespaced: true,
  shortNames: [],
  categories: [],
  subresources: [],
  ...more,
});

const all = ['all'];
const connect = (name: string, kind: string): Subresource => ({ name, kind, verbs: ['create', 'get'] });

export const resources: readonly Resource[] = [
  define('', 'configmaps', 'ConfigMap', { shortNames: ['cm'] }),
  define('', 'endpoints', 'Endpoints', { shortNames: ['ep'] }),
  define('', 'events', 'Event', { shortNames: ['ev'] }),
  define('', 'namespaces', 'Namespace', { namespaced: false, shortNames: ['ns'] }),
  define('', 'nodes', 'Node', { namespaced: false, shortNames: ['no'] }),
  define('', 'pods', 'Pod', {
    shortNames: ['po'],
    categories: all,
    subresources: [
      connect('exec', 'PodExecOptions'),
      { name: 'log', kind: 'Pod', verbs: ['get'] },
      connect('portforward', 'PodPortForwardOptions'),
    ],
  }),
  define('', 'secrets', 'Secret'),
  define('', 'serviceaccounts', 'ServiceAccount', { shortNames: ['sa'] }),
  define('', 'services', 'Service', { shortNames: ['svc'], categories: all }),
  define('apps', 'daemonsets', 'DaemonSet', { shortNames: ['ds'], categories: all }),
  define('apps', 'deployments', 'Deployment', { shortNames: ['deploy'], categories: all }),
  define('apps', 'replicasets', 'ReplicaSet', { shortNames: ['rs'], categories: all }),
  define('coordination.k8s.io', 'leases', 'Lease'),
];

export const groups: readonly string[] = [
  ...new Set([
    ...resources.map((resource) => resource.group),
    'authentication.k8s.io',
    'authorization.k8s.io',
  ]),
];

export const objectVerbs: readonly string[] = [
  'create',
  'delete',
  'deletecollection',
  'get',
  'list',
  'patch',
  'update',
  'watch',
];

export const findResource = (group: string, version: string, name: string): Resource | undefined =>
  resources.find((entry) => entry.group === group && entry.version === version && entry.name === name);

/** v1, apps/v1: what objects carry as apiVersion. */
export const apiVersionOf = (resource: Pick<Resource, 'group' | 'version'>): string =>
  resource.group === '' ? resource.version : `${resource.group}/${resource.version}`;
