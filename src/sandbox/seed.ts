import { randomBytes } from 'node:crypto';
import { derivedHex, derivedId } from './issued-keys.ts';
import type { Account, Assignment, Cluster, IamUser, Organisation, Person } from './organisation.ts';
import { seedEksClusters } from './seed-eks-clusters.ts';
import { seedInstances } from './seed-instances.ts';
import { instanceSessions, permissionSets } from './seed-permission-sets.ts';
import { managedPolicies, offlineReadOnly, rolesOf } from './seed-roles.ts';
import { base32 } from './totp.ts';

/** The organisation of the access policy, as the shipped sample configuration names it. */
export function seedOrganisation(): Organisation {
  return {
    startUrl: 'https://d-9067f7c0de.awsapps.com/start',
    region,
    identityStoreId: 'd-9067f7c0de',
    session: 'tapp',
    accounts: [...accounts],
    people: people.map((person) => ({ ...person, groups: [...person.groups] })),
    permissionSets: [...permissionSets],
    assignments: groupAssignments(),
    revocations: new Set(),
    roles: accounts.flatMap(rolesOf),
    users: seedUsers(),
    managedPolicies: new Map(managedPolicies),
    clusters: clusters(),
    eksClusters: accounts.flatMap(seedEksClusters),
    instances: accounts.flatMap(seedInstances),
  };
}

const region = 'us-east-1';

const accounts: readonly Account[] = [
  account('111111111111', 'dev', false),
  account('222222222222', 'qa', false),
  account('333333333333', 'prod-wealth', true),
  account('444444444444', 'prod-cash', true),
  account('555555555555', 'prod-9squid', true),
  account('999999999999', 'management', true),
];

function account(id: string, name: string, production: boolean): Account {
  return { id, name, email: `aws-${name}@tapp.example`, production };
}

const people: readonly Person[] = [
  person('dana', 'Dana Whitfield', 'Software engineer', 'developers', 'vpn-dev'),
  person('quinn', 'Quinn Okafor', 'QA engineer', 'qa-engineers', 'vpn-dev', 'vpn-qa'),
  person('nico', 'Nico Brandt', '9Squid product engineer', '9squid-team', 'vpn-dev', 'vpn-prod-9squid'),
  person(
    'sam',
    'Sam Ferreira',
    'On-call engineer',
    'sre-oncall',
    'vpn-dev',
    'vpn-qa',
    'vpn-prod-wealth',
    'vpn-prod-cash',
    'vpn-prod-9squid',
  ),
  person('alex', 'Alex Moreau', 'Platform engineer', 'platform-admins', 'vpn-dev', 'vpn-qa'),
  person('casey', 'Casey Lindqvist', 'CTO', 'wealth-prod', 'vpn-prod-wealth'),
  person('bo', 'Bo Tanaka', 'Data analyst', 'data-analysts', 'vpn-dev'),
];

function person(nickname: string, displayName: string, title: string, ...groups: string[]): Person {
  const hex = derivedHex(`person:${nickname}`, 32);
  // The form of identity store ids: <store>-<uuid>.
  const uuid = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)];
  return {
    id: `9067f7c0de-${uuid.join('-')}`,
    nickname,
    userName: `${nickname}@tapp.example`,
    displayName,
    title,
    groups: groups.map((group) => `grp-forge-${group}`),
  };
}

/** Group → permission set → environments. Break-glass sets are nobody's until they are granted. */
function groupAssignments(): Assignment[] {
  const table: readonly [group: string, permissionSet: string, environments: readonly string[]][] = [
    ['platform-admins', 'Forge-Admin', accounts.map((entry) => entry.name)],
    ['developers', 'Forge-Developer', ['dev', 'qa']],
    ['qa-engineers', 'Forge-QA', ['qa']],
    ['qa-engineers', 'Forge-QA-ReadOnly', ['dev']],
    ['9squid-team', 'Forge-9Squid', ['dev']],
    ['sre-oncall', 'Forge-SRE', ['dev', 'qa']],
    ['wealth-prod', 'Forge-Wealth-ReadOnly', ['prod-wealth']],
    ['data-analysts', 'Forge-DataAnalyst', ['prod-wealth', 'prod-cash', 'prod-9squid']],
  ];
  return table.flatMap(([group, permissionSet, environments]) =>
    accounts
      .filter((entry) => environments.includes(entry.name))
      .map((entry) => ({
        principalType: 'GROUP' as const,
        principal: `grp-forge-${group}`,
        permissionSet,
        account: entry.id,
      })),
  );
}

/**
 * `offline` is tier 3: the IAM user for when Identity Center is down, useful with MFA only.
 * `ci` has standing keys in dev: what forge does with ambient credentials, and the benchmarks.
 */
function seedUsers(): IamUser[] {
  const management = '999999999999';
  return [
    {
      account: management,
      name: 'offline',
      id: derivedId('AIDA', 'offline'),
      tags: {},
      mfa: {
        serialNumber: `arn:aws:iam::${management}:mfa/offline`,
        secret: base32(randomBytes(40)),
      },
      policies: [
        {
          Version: '2012-10-17',
          Statement: {
            Effect: 'Allow',
            Action: ['sts:AssumeRole', 'sts:SetSourceIdentity', 'sts:TagSession'],
            Resource: [
              'arn:aws:iam::*:role/Forge-BreakGlass-Offline',
              `arn:aws:iam::*:role/${offlineReadOnly}`,
            ],
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
        {
          Version: '2012-10-17',
          Statement: [
            {
              Effect: 'Allow',
              Action: ['rds:Describe*', 'eks:DescribeCluster', 'eks:ListClusters', ...describeInstances],
              Resource: '*',
            },
            ...instanceSessions,
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

function clusters(): Cluster[] {
  return [
    cluster('dev-shop', '111111111111', 'shop_dev'),
    cluster('qa-shop', '222222222222', 'shop_qa'),
    cluster('prod-wealth', '333333333333', 'wealth'),
    cluster('prod-cash', '444444444444', 'cash'),
    cluster('prod-9squid', '555555555555', 'ninesquid'),
  ];
}

function cluster(identifier: string, accountId: string, databaseName: string): Cluster {
  const name = (kind: string) => `${identifier}.${kind}c9forge0abcd.${region}.rds.amazonaws.com`;
  const resource = (kind: string, of: string) => `${kind}-${derivedId('', of).slice(0, 26)}`;
  const production = identifier.startsWith('prod-');
  return {
    identifier,
    account: accountId,
    region,
    endpoint: name('cluster-'),
    readerEndpoint: name('cluster-ro-'),
    customEndpoints: [],
    port: 5432,
    resourceId: resource('cluster', `${identifier}-cluster-resource`),
    databaseName,
    engineVersion: '16.6',
    iamEnabled: true,
    instances: [1, 2].map((number) => ({
      identifier: `${identifier}-${number}`,
      endpoint: `${identifier}-${number}.c9forge0abcd.${region}.rds.amazonaws.com`,
      resourceId: resource('db', `${identifier}-${number}`),
      writer: number === 1,
    })),
    databaseUsers: [
      ...(production ? [] : [{ name: 'developer', access: 'read-write' as const, rdsIam: true }]),
      { name: 'forge_ro', access: 'read-only', rdsIam: true },
      { name: 'forge_rw', access: 'read-write', rdsIam: true },
      { name: 'noiam', access: 'read-only', rdsIam: false },
    ],
  };
}
