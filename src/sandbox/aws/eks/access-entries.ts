import { derivedHex } from '../../issued-keys.ts';
import { type AccessEntry, type EksCluster, eksClusterArn } from '../../organisation.ts';
import { AwsFailure } from '../aws-failure.ts';
import {
  clusterFor,
  type EksOperation,
  type EksRequest,
  findCluster,
  pageOf,
  requirePermission,
} from './eks-request.ts';

/** From: EKS API Reference, ListAccessEntries. */
export const listAccessEntries: EksOperation = (request, name = '') => {
  const policyArn = request.query.get('associatedPolicyArn');
  request.note({ name, associatedPolicyArn: policyArn });
  const { accessEntries } = clusterFor(request, 'ListAccessEntries', name);
  const arns = accessEntries
    .filter(
      ({ policies }) =>
        policyArn === undefined || policies.some(({ policy }) => accessPolicyArn(policy) === policyArn),
    )
    .map((entry) => entry.principalArn)
    .sort();
  const { items, next } = pageOf(request, arns, `access-entries:${name}:${policyArn ?? ''}`);
  return { accessEntries: items, nextToken: next ?? null };
};

/** From: EKS API Reference, DescribeAccessEntry. */
export const describeAccessEntry: EksOperation = (request, name = '', principalArn = '') => {
  request.note({ name, principalArn });
  const { cluster, entry } = entryFor(request, 'DescribeAccessEntry', name, principalArn);
  return {
    accessEntry: {
      clusterName: name,
      principalArn,
      kubernetesGroups: entry.groups,
      accessEntryArn: entryArn(cluster, principalArn),
      createdAt: entry.createdAt / 1000,
      modifiedAt: entry.createdAt / 1000,
      tags: {},
      username: entry.username ?? defaultUsername(principalArn),
      type: 'STANDARD',
    },
  };
};

/** From: EKS API Reference, ListAssociatedAccessPolicies. */
export const listAssociatedAccessPolicies: EksOperation = (request, name = '', principalArn = '') => {
  request.note({ name, principalArn });
  const { entry } = entryFor(request, 'ListAssociatedAccessPolicies', name, principalArn);
  const all = entry.policies.map(({ policy, namespaces }) => ({
    policyArn: accessPolicyArn(policy),
    accessScope: { type: namespaces ? 'namespace' : 'cluster', namespaces: namespaces ?? [] },
    associatedAt: entry.createdAt / 1000,
    modifiedAt: entry.createdAt / 1000,
  }));
  const { items, next } = pageOf(request, all, `access-policies:${name}:${principalArn}`);
  return { clusterName: name, principalArn, associatedAccessPolicies: items, nextToken: next ?? null };
};

/** From: EKS API Reference, DeleteAccessEntry. Whoever it stood for is unknown to the cluster at once. */
export const deleteAccessEntry: EksOperation = (request, name = '', principalArn = '') => {
  request.note({ name, principalArn });
  const { cluster, entry } = entryFor(request, 'DeleteAccessEntry', name, principalArn);
  cluster.accessEntries.splice(cluster.accessEntries.indexOf(entry), 1);
  return {};
};

function entryFor(
  request: EksRequest,
  action: string,
  name: string,
  principalArn: string,
): { readonly cluster: EksCluster; readonly entry: AccessEntry } {
  const { caller, region } = request;
  const named = { name, account: caller.principal.account, region };
  requirePermission(request, action, entryArn(named, principalArn));
  const cluster = findCluster(request, name);
  const entry = cluster.accessEntries.find((found) => found.principalArn === principalArn);
  if (entry) return { cluster, entry };
  throw new AwsFailure(
    'ResourceNotFoundException',
    404,
    "The specified principalArn could not be found. You can view your available access entries with 'aws eks list-access-entries'.",
  );
}

/** `…:access-entry/<cluster>/<role or user>/<account>/<name without path>/<uuid>`; source: Service Authorization Reference. */
function entryArn(cluster: Pick<EksCluster, 'name' | 'account' | 'region'>, principalArn: string): string {
  const [, account = '', type = '', path = ''] =
    /^arn:[^:]*:iam::(\d*):(role|user)\/(.*)$/.exec(principalArn) ?? [];
  const hex = derivedHex(`access-entry:${cluster.name}:${principalArn}`, 32);
  const uuid = hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.*)$/, '$1-$2-$3-$4-$5');
  const [prefix] = eksClusterArn(cluster).split(':cluster/');
  return `${prefix}:access-entry/${cluster.name}/${type}/${account}/${path.split('/').at(-1)}/${uuid}`;
}

function accessPolicyArn(policy: string): string {
  return `arn:aws:eks::aws:cluster-access-policy/${policy}`;
}

/** What EKS puts there when nobody named one. */
function defaultUsername(principalArn: string): string {
  const [, account, path = ''] = /^arn:aws:iam::(\d+):role\/(.+)$/.exec(principalArn) ?? [];
  if (account === undefined) return principalArn;
  return `arn:aws:sts::${account}:assumed-role/${path.split('/').at(-1)}/{{SessionName}}`;
}
