import { describe, expect, it } from 'vitest';
import { isAllowed, mustBeAllowed } from '../../../../src/sandbox/kubernetes/api/authorize.ts';
import type {
  AccessPolicyName,
  KubernetesUser,
} from '../../../../src/sandbox/kubernetes/api/kubernetes-user.ts';
import { readRequestInfo } from '../../../../src/sandbox/kubernetes/api/request-info.ts';

const userWith = (
  policy: AccessPolicyName | undefined,
  namespaces?: readonly string[],
  groups: string[] = [],
) =>
  ({
    username: 'someone',
    uid: '',
    groups,
    extra: {},
    policies: policy === undefined ? [] : [{ policy, namespaces }],
  }) satisfies KubernetesUser;

/** `GET /path?query` */
const may = (user: KubernetesUser, request: string) => {
  const [method = '', target = ''] = request.split(' ');
  const [path = '', query = ''] = target.split('?');
  return isAllowed(user, readRequestInfo(method, path, new URLSearchParams(query)));
};

const inside = '/api/v1/namespaces/shop';
const requests = {
  pods: `GET ${inside}/pods`,
  log: `GET ${inside}/pods/web/log`,
  exec: `POST ${inside}/pods/web/exec`,
  execByGet: `GET ${inside}/pods/web/exec`,
  forward: `POST ${inside}/pods/web/portforward`,
  secrets: `GET ${inside}/secrets`,
  watchSecrets: `GET ${inside}/secrets?watch=true`,
  deletePods: `DELETE ${inside}/pods`,
  deploy: 'POST /apis/apps/v1/namespaces/shop/deployments',
  roles: 'POST /apis/rbac.authorization.k8s.io/v1/namespaces/shop/roles',
  nodes: 'GET /api/v1/nodes',
  makeNamespace: 'POST /api/v1/namespaces',
  everywhere: 'GET /api/v1/pods',
  version: 'GET /version',
  metrics: 'GET /metrics',
} as const;

describe.each([
  ['AmazonEKSViewPolicy', ['pods', 'log', 'everywhere', 'version']],
  [
    'AmazonEKSEditPolicy',
    [
      'pods',
      'log',
      'exec',
      'execByGet',
      'forward',
      'secrets',
      'watchSecrets',
      'deletePods',
      'deploy',
      'everywhere',
      'version',
    ],
  ],
  [
    'AmazonEKSAdminPolicy',
    [
      'pods',
      'log',
      'exec',
      'execByGet',
      'forward',
      'secrets',
      'watchSecrets',
      'deletePods',
      'deploy',
      'roles',
      'everywhere',
      'version',
    ],
  ],
  [
    'AmazonEKSAdminViewPolicy',
    ['pods', 'log', 'execByGet', 'secrets', 'watchSecrets', 'nodes', 'everywhere', 'version'],
  ],
  ['AmazonEKSClusterAdminPolicy', Object.keys(requests)],
  [undefined, ['version']],
] as const)('%s', (policy, allowed) => {
  it.each(Object.entries(requests))('%s', (name, request) => {
    expect(may(userWith(policy), request)).toBe((allowed as readonly string[]).includes(name));
  });
});

describe('a policy for namespaces', () => {
  const user = userWith('AmazonEKSEditPolicy', ['shop', 'team-*-dev', '*-sandbox']);

  it.each([
    ['shop', true],
    ['shop2', false],
    ['team-a-dev', true],
    ['team--dev', true],
    ['team-dev', false],
    ['my-sandbox', true],
    ['default', false],
  ])('%s: %s', (namespace, allowed) => {
    expect(may(user, `POST /api/v1/namespaces/${namespace}/pods/web/exec`)).toBe(allowed);
    expect(may(user, `GET /api/v1/namespaces/${namespace}`)).toBe(allowed);
  });

  it('reaches nothing of the whole cluster', () => {
    expect(may(user, 'GET /api/v1/pods')).toBe(false);
    expect(may(user, 'GET /api/v1/namespaces')).toBe(false);
    expect(may(userWith('AmazonEKSClusterAdminPolicy', ['shop']), 'GET /metrics')).toBe(false);
    expect(may(userWith('AmazonEKSClusterAdminPolicy', ['shop']), 'GET /api/v1/nodes')).toBe(false);
  });
});

it('groups are what the cluster binds to them, and no names of objects', () => {
  expect(may(userWith(undefined, undefined, ['node-readers']), requests.nodes)).toBe(true);
  expect(may(userWith(undefined, undefined, ['node-readers']), requests.pods)).toBe(false);
  expect(may(userWith(undefined, undefined, ['system:masters']), requests.metrics)).toBe(true);
  expect(may(userWith(undefined, undefined, ['constructor', '__proto__', 'toString']), requests.pods)).toBe(
    false,
  );
});

it.each([
  [
    'GET /api/v1/nodes',
    'nodes is forbidden: User "someone" cannot list resource "nodes" in API group "" at the cluster scope',
  ],
  [
    'GET /apis/apps/v1/namespaces/shop/deployments/web?',
    'deployments.apps "web" is forbidden: User "someone" cannot get resource "deployments" in API group "apps" in the namespace "shop"',
  ],
  [
    'GET /api/v1/namespaces/shop',
    'namespaces "shop" is forbidden: User "someone" cannot get resource "namespaces" in API group "" in the namespace "shop"',
  ],
  [
    'DELETE /api/v1/namespaces/shop/pods',
    'pods is forbidden: User "someone" cannot deletecollection resource "pods" in API group "" in the namespace "shop"',
  ],
  ['GET /metrics', 'forbidden: User "someone" cannot get path "/metrics"'],
])('%s is refused in kube-apiserver’s words', (request, words) => {
  const [method = '', target = ''] = request.split(' ');
  const [path = '', query = ''] = target.split('?');
  const info = readRequestInfo(method, path, new URLSearchParams(query));
  expect(() => mustBeAllowed(userWith(undefined), info)).toThrow(words);
});
