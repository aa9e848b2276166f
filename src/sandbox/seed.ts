import { randomBytes } from 'node:crypto';
import { breakGlassBuckets } from './break-glass/buckets.ts';
import { offlineUser } from './break-glass/offline-user.ts';
import { revocationPolicies } from './break-glass/revocation-policy.ts';
import { everydaySessions } from './everyday-sessions.ts';
import { derivedId } from './issued-keys.ts';
import type { IamUser, Organisation } from './organisation.ts';
import { accessAccount, accounts, identityStoreId, region } from './seed-accounts.ts';
import { groupAssignments } from './seed-assignments.ts';
import { seedDatabases } from './seed-databases.ts';
import { seedEksClusters } from './seed-eks-clusters.ts';
import { seedInstances } from './seed-instances.ts';
import { groups, memberships, people } from './seed-people.ts';
import { permissionSets } from './seed-permission-sets.ts';
import { managedPolicies, offlineReadOnly, rolesOf } from './seed-roles.ts';
import { base32 } from './totp.ts';

/** The organisation of the access policy, as the shipped sample configuration names it. */
export function seedOrganisation(): Organisation {
  return {
    startUrl: 'https://d-9067f7c0de.awsapps.com/start',
    region,
    identityStoreId,
    storeAccount: accessAccount,
    session: 'tapp',
    accounts: [...accounts],
    people: [...people],
    groups: [...groups],
    memberships: memberships(),
    permissionSets: [...permissionSets],
    assignments: groupAssignments(),
    revocations: new Set(),
    roles: accounts.flatMap(rolesOf),
    users: seedUsers(),
    managedPolicies: new Map(managedPolicies),
    customerPolicies: new Map(revocationPolicies()),
    clusters: seedDatabases(),
    eksClusters: accounts.flatMap(seedEksClusters),
    instances: accounts.flatMap(seedInstances),
    buckets: breakGlassBuckets(),
  };
}

/**
 * `forge-emergency-a` is tier 3: for when Identity Center is down. `offline`: to rehearse profiles with MFA on.
 * `ci` has standing keys in dev: what forge does with ambient credentials, and the benchmarks.
 */
function seedUsers(): IamUser[] {
  return [
    offlineUser(),
    {
      account: accessAccount,
      name: 'offline',
      id: derivedId('AIDA', 'offline'),
      tags: {},
      mfa: {
        serialNumber: `arn:aws:iam::${accessAccount}:mfa/offline`,
        secret: base32(randomBytes(40)),
      },
      policies: [
        {
          Version: '2012-10-17',
          Statement: {
            Effect: 'Allow',
            Action: ['sts:AssumeRole', 'sts:SetSourceIdentity', 'sts:TagSession'],
            Resource: `arn:aws:iam::*:role/${offlineReadOnly}`,
          },
        },
      ],
    },
    {
      account: '111111111111',
      name: 'ci',
      id: derivedId('AIDA', 'ci'),
      tags: {},
      mfa: undefined,
      policies: [
        everydaySessions,
        {
          Version: '2012-10-17',
          Statement: [
            {
              Effect: 'Allow',
              Action: ['rds:Describe*', 'eks:DescribeCluster', 'eks:ListClusters', ...describeInstances],
              Resource: '*',
            },
            {
              Effect: 'Allow',
              Action: ['sts:AssumeRole', 'sts:SetSourceIdentity', 'sts:TagSession'],
              Resource: 'arn:aws:iam::111111111111:role/*-rds-access',
            },
            {
              Effect: 'Allow',
              Action: 'rds-db:connect',
              Resource: 'arn:aws:rds-db:us-east-1:111111111111:dbuser:*/forge_ro',
            },
          ],
        },
      ],
    },
  ];
}

const describeInstances = [
  'ssm:DescribeInstanceInformation',
  'ssm:GetConnectionStatus',
  'ec2:DescribeInstances',
];
