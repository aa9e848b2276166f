import type { JsonMap, KubernetesObject } from './json.ts';
import { apiVersionOf, groups, objectVerbs, type Resource, resources } from './resource.ts';

/** What the API says of itself under a path; undefined: nothing. `version` is 1.33, the cluster's. */
export function discover(path: string, version: string): JsonMap | string | undefined {
  const trimmed = path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
  if (['/healthz', '/livez', '/readyz'].includes(trimmed)) return 'ok';
  if (trimmed === '/version') return versionInfo(version);
  if (trimmed === '/api') return { kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: [] };
  if (trimmed === '/apis') return { kind: 'APIGroupList', apiVersion: 'v1', groups: named.map(groupOf) };
  if (trimmed === '/api/v1') return resourceList('');
  if (trimmed === '/openapi/v3') return openApiPaths();
  const group = named.find((entry) => trimmed === `/apis/${entry}` || trimmed === `/apis/${entry}/v1`);
  if (group !== undefined) {
    return trimmed.endsWith('/v1')
      ? resourceList(group)
      : { kind: 'APIGroup', apiVersion: 'v1', ...groupOf(group) };
  }
  const described = groups.find((entry) => trimmed === `/openapi/v3${rootOf(entry)}`);
  return described === undefined ? undefined : openApiOf(described);
}

const named = groups.filter((group) => group !== '');
const rootOf = (group: string): string => (group === '' ? '/api/v1' : `/apis/${group}/v1`);

function versionInfo(version: string): JsonMap {
  const [major = '1', minor = '0'] = version.split('.');
  return {
    major,
    minor,
    gitVersion: `v${version}.0-eks-forge`,
    gitCommit: '0000000000000000000000000000000000000000',
    gitTreeState: 'clean',
    buildDate: '2026-01-01T00:00:00Z',
    goVersion: 'none',
    compiler: 'none',
    platform: 'linux/amd64',
  };
}

function groupOf(name: string): JsonMap {
  const version = { groupVersion: `${name}/v1`, version: 'v1' };
  return { name, versions: [version], preferredVersion: version };
}

const reviewKinds: Readonly<Record<string, readonly string[]>> = {
  'authentication.k8s.io': ['SelfSubjectReview'],
  'authorization.k8s.io': ['SelfSubjectAccessReview', 'SelfSubjectRulesReview'],
};

function resourceList(group: string): KubernetesObject {
  const objects = resources.filter((resource) => resource.group === group).flatMap(describeResource);
  const reviews = (reviewKinds[group] ?? []).map((kind) => ({
    name: `${kind.toLowerCase()}s`,
    singularName: kind.toLowerCase(),
    namespaced: false,
    kind,
    verbs: ['create'],
  }));
  return {
    kind: 'APIResourceList',
    apiVersion: 'v1',
    metadata: {},
    groupVersion: group === '' ? 'v1' : `${group}/v1`,
    resources: [...objects, ...reviews],
  };
}

function describeResource(resource: Resource): readonly JsonMap[] {
  const { name, singular, kind, namespaced, shortNames, categories } = resource;
  return [
    {
      name,
      singularName: singular,
      namespaced,
      kind,
      verbs: objectVerbs,
      ...(shortNames.length === 0 ? {} : { shortNames }),
      ...(categories.length === 0 ? {} : { categories }),
    },
    ...resource.subresources.map((entry) => ({
      name: `${name}/${entry.name}`,
      singularName: '',
      namespaced,
      kind: entry.kind,
      verbs: entry.verbs,
    })),
  ];
}

function openApiPaths(): JsonMap {
  const paths = groups.map((group) => [
    rootOf(group).slice(1),
    { serverRelativeURL: `/openapi/v3${rootOf(group)}?hash=0` },
  ]);
  return { paths: Object.fromEntries(paths) as JsonMap };
}

/**
 * No schemas: only what kubectl looks up before it writes, whether the server knows `dryRun` and `fieldValidation`.
 */
function openApiOf(group: string): JsonMap {
  const parameters = ['dryRun', 'fieldManager', 'fieldValidation'].map((name) => ({
    name,
    in: 'query',
    schema: { type: 'string', uniqueItems: true },
  }));
  const paths = resources
    .filter((resource) => resource.group === group)
    .map((resource) => {
      const place = resource.namespaced ? 'namespaces/{namespace}/' : '';
      const identity = { group, version: resource.version, kind: resource.kind };
      const operation = {
        parameters,
        responses: { '200': { description: 'OK' } },
        'x-kubernetes-group-version-kind': identity,
      };
      return [`${rootOf(group)}/${place}${resource.name}/{name}`, { patch: operation }];
    });
  return {
    openapi: '3.0.0',
    info: { title: 'Kubernetes', version: apiVersionOf({ group, version: 'v1' }) },
    paths: Object.fromEntries(paths) as JsonMap,
    components: { schemas: {} },
  };
}
