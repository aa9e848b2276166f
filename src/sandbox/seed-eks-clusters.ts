import { derivedHex } from './issued-keys.ts';
import type { AccessPolicyName, AssociatedPolicy } from './kubernetes/api/kubernetes-user.ts';
import { type AccessEntry, type Account, type EksCluster, roleArn, userArn } from './organisation.ts';
import { accessTag } from './seed-databases.ts';
import { permissionSets } from './seed-permission-sets.ts';
import { identityCenterRole } from './seed-roles.ts';

const region = 'us-east-1';
const createdAt = Date.UTC(2026, 8, 14, 8, 20);

interface Blueprint {
  readonly name: string;
  readonly publicAccess: boolean;
  /** Permission set → what it may do in the cluster. Whoever is not named is unknown there. */
  readonly access: Readonly<Record<string, readonly AssociatedPolicy[]>>;
  /** May be looked at by the IAM user of the account's CI. */
  readonly ci?: true;
}

const everywhere = (policy: AccessPolicyName): readonly AssociatedPolicy[] => [
  { policy, namespaces: undefined },
];

const blueprints: Readonly<Record<string, Blueprint>> = {
  dev: {
    name: 'dev-eks-cluster',
    publicAccess: true,
    access: {
      'Forge-Admin': everywhere('AmazonEKSClusterAdminPolicy'),
      'Forge-Developer': everywhere('AmazonEKSEditPolicy'),
      'Forge-QA-ReadOnly': everywhere('AmazonEKSViewPolicy'),
      'Forge-9Squid': [{ policy: 'AmazonEKSEditPolicy', namespaces: ['default'] }],
      'Forge-SRE': everywhere('AmazonEKSAdminPolicy'),
    },
    ci: true,
  },
  qa: {
    name: 'qa-eks-cluster',
    publicAccess: true,
    access: {
      'Forge-Admin': everywhere('AmazonEKSClusterAdminPolicy'),
      'Forge-Developer': everywhere('AmazonEKSEditPolicy'),
      'Forge-QA': everywhere('AmazonEKSEditPolicy'),
      'Forge-SRE': everywhere('AmazonEKSAdminPolicy'),
    },
  },
  'prod-wealth': {
    name: 'prod-wealth-eks',
    publicAccess: false,
    access: {
      'Forge-Admin': everywhere('AmazonEKSClusterAdminPolicy'),
      'Forge-Wealth-ReadOnly': everywhere('AmazonEKSViewPolicy'),
      'Forge-Prod-ReadOnly': everywhere('AmazonEKSViewPolicy'),
      // kubectl logs, exec and describe: exec is in none smaller.
      'Forge-Prod-Kubernetes': everywhere('AmazonEKSEditPolicy'),
    },
  },
};

/** The Kubernetes clusters of an environment from the start. */
export function seedEksClusters(account: Account): readonly EksCluster[] {
  const blueprint = blueprints[account.name];
  if (blueprint === undefined) return [];
  const { name, publicAccess } = blueprint;
  return [
    {
      ...clusterOf(account, name, publicAccess),
      tags: { Environment: account.name, ...(account.production ? accessTag : {}) },
      accessEntries: [
        ...Object.entries(blueprint.access).map(([set, policies]) => entryOf(account, set, policies)),
        ...(blueprint.ci ? [ciEntry(account)] : []),
        ...(account.production ? [emergencyEntry(account)] : []),
      ],
    },
  ];
}

/** One of many: what listing and choosing costs. Its name leads nowhere; its authority is another cluster's. */
export function bulkEksCluster(account: Account, index: number, authority: string | undefined): EksCluster {
  const name = `bulk-${String(index).padStart(5, '0')}`;
  return { ...clusterOf(account, name, false), authority };
}

function clusterOf(account: Account, name: string, publicAccess: boolean): EksCluster {
  const hex = derivedHex(`eks:${account.id}:${name}`, 32).toUpperCase();
  return {
    name,
    account: account.id,
    region,
    version: '1.33',
    endpointHost: `${hex}.gr7.${region}.eks.amazonaws.com`,
    port: undefined,
    authority: undefined,
    publicAccess,
    createdAt,
    accessEntries: [],
    tags: { Environment: account.name },
  };
}

function entryOf(
  account: Account,
  permissionSet: string,
  policies: readonly AssociatedPolicy[],
): AccessEntry {
  const found = permissionSets.find((set) => set.name === permissionSet);
  if (found === undefined) throw new Error(`the sandbox has no permission set ${permissionSet}`);
  const principalArn = roleArn(identityCenterRole(account.id, found));
  // No access policy but the administrators' shows nodes: those with the whole cluster in view have a group for that.
  const groups = policies.some(({ namespaces }) => namespaces === undefined) ? ['node-readers'] : [];
  return { principalArn, username: undefined, groups, policies, createdAt };
}

function ciEntry(account: Account): AccessEntry {
  return {
    principalArn: userArn({ account: account.id, name: 'ci' }),
    username: undefined,
    groups: [],
    policies: everywhere('AmazonEKSViewPolicy'),
    createdAt,
  };
}

/** Tier 0. */
function emergencyEntry(account: Account): AccessEntry {
  return {
    principalArn: roleArn({ account: account.id, path: '/forge/', name: 'Forge-Prod-Emergency' }),
    username: undefined,
    groups: ['node-readers'],
    policies: everywhere('AmazonEKSClusterAdminPolicy'),
    createdAt,
  };
}
