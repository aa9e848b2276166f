import bastionTunnel from '../../infra/modules/access-account/policies/bastion-tunnel.json' with {
  type: 'json',
};
import endpointTunnel from '../../infra/modules/access-account/policies/endpoint-tunnel.json' with {
  type: 'json',
};
import databaseAccess from '../../infra/modules/production-account/policies/database-access.json' with {
  type: 'json',
};
import databaseRoleTrust from '../../infra/modules/production-account/policies/database-role-trust.json' with {
  type: 'json',
};
import findDatabases from '../../infra/modules/production-account/policies/find-databases.json' with {
  type: 'json',
};
import { fillPolicy } from '../iam/fill-policy.ts';
import type { PolicyDocument } from '../iam/policy.ts';
import { type databaseRoleNames, revocationsArn } from './break-glass/arns.ts';
import { auditReadRole, auditRoles } from './break-glass/audit-roles.ts';
import { emergencyRole, offlineRole } from './break-glass/emergency-role.ts';
import { handlerRoles } from './break-glass/handler-roles.ts';
import { productionNames, ssoRoles } from './break-glass/policy-names.ts';
import { derivedHex, derivedId } from './issued-keys.ts';
import type { Account, PermissionSet, Role } from './organisation.ts';
import { accessAccount, productionAccounts, region } from './seed-accounts.ts';
import { groupAssignments } from './seed-assignments.ts';
import { taggedDatabases } from './seed-databases.ts';
import { permissionSets, permissionSetsWith } from './seed-permission-sets.ts';

const version = '2012-10-17';

/** What an account has from the start: the roles of Identity Center, and those for its databases. */
export function rolesOf(account: Account): readonly Role[] {
  const roles = permissionSets.map((set) => identityCenterRole(account.id, set));
  if (account.id === accessAccount) return [...roles, ...handlerRoles(), auditReadRole(account)];
  if (account.production) {
    roles.push(
      productionDatabaseRole(account, 'readonly-rds-access', 'forge_ro', 'read-database'),
      productionDatabaseRole(account, 'write-rds-access', 'forge_rw', 'write-database'),
      emergencyRole(account),
      offlineRole(account),
      ...auditRoles(account),
    );
  } else {
    roles.push(
      openDatabaseRole(account.id, 'readonly-rds-access', ['forge_ro'], ['Forge-*']),
      openDatabaseRole(account.id, 'developer-rds-access', ['developer', 'forge_ro', 'forge_rw'], developers),
    );
  }
  if (account.name === 'dev') roles.push(rehearsalRole(account.id));
  return roles;
}

/** The role to rehearse MFA on: what a profile of ~/.aws can assume, which can't state a SourceIdentity. */
export const offlineReadOnly = 'Forge-Offline-ReadOnly';

/** The role that Identity Center makes for a permission set in an account; only its SAML provider may assume it. */
export function identityCenterRole(
  account: string,
  { name: permissionSet, policies, bounded }: Pick<PermissionSet, 'name' | 'policies' | 'bounded'>,
): Role {
  const name = `AWSReservedSSO_${permissionSet}_${derivedHex(`${account}:${permissionSet}`, 16)}`;
  return {
    account,
    name,
    ...(bounded ? boundIn(account) : {}),
    path: '/aws-reserved/sso.amazonaws.com/',
    id: derivedId('AROA', `${account}:${permissionSet}`),
    policies,
    maxSessionSeconds: 43_200,
    tags: {},
    trust: {
      Version: version,
      Statement: {
        Effect: 'Allow',
        Principal: {
          Federated: samlProviderArn(account),
        },
        Action: ['sts:AssumeRoleWithSAML', 'sts:TagSession'],
        Condition: { StringEquals: { 'SAML:aud': 'https://signin.aws.amazon.com/saml' } },
      },
    },
  };
}

/** In production every role that break-glass leads to is bounded, so that what was issued can be ended. */
const boundIn = (account: string): Pick<Role, 'boundary'> =>
  productionAccounts.some(({ id }) => id === account) ? { boundary: revocationsArn(account) } : {};

export const samlProviderArn = (account: string): string =>
  `arn:aws:iam::${account}:saml-provider/AWSSSO_${derivedHex(account, 16)}_DO_NOT_DELETE`;

const developers = ['Forge-Admin', 'Forge-Developer', 'Forge-QA', 'Forge-9Squid', 'Forge-SRE'];

/** Finding the databases of an account, and going to those that are named as these users. */
const databasePolicy = (account: string, users: readonly string[]): PolicyDocument =>
  fillPolicy('identity', [bastionTunnel, findDatabases, databaseAccess], {
    database_users: databaseUsers(account, users, ['*']),
  });

const databaseUsers = (account: string, users: readonly string[], resourceIds: readonly string[]) =>
  resourceIds.flatMap((id) =>
    users.map((user) => `arn:aws:rds-db:${region}:${account}:dbuser:${id}/${user}`),
  );

/**
 * For those permission sets that somebody has in the account and whose own policy leads here, as Terraform names them. Nobody is in
 * it without a name: an end for a person could not reach them.
 */
function productionDatabaseRole(
  account: Account,
  name: (typeof databaseRoleNames)[number],
  user: string,
  file: 'read-database' | 'write-database',
): Role {
  const there = new Set(
    groupAssignments()
      .filter((assignment) => assignment.account === account.id)
      .map(({ permissionSet }) => permissionSet),
  );
  const trusted = permissionSetsWith([file, 'administrator']).filter((set) => there.has(set));
  const names = { ...productionNames(account), callers: ssoRoles(account.id, trusted) };
  return {
    ...databaseRole(account.id, name, [user]),
    // As Terraform finds them by their tag.
    policies: [
      fillPolicy('identity', [endpointTunnel, findDatabases, databaseAccess], {
        ...names,
        database_users: databaseUsers(account.id, [user], taggedDatabases(account.id)),
      }),
    ],
    boundary: revocationsArn(account.id),
    trust: fillPolicy('trust', [databaseRoleTrust], names),
  };
}

/** Of dev and qa: made before forge was, for whoever develops and for the account's CI. */
function openDatabaseRole(
  account: string,
  name: string,
  users: readonly string[],
  trusted: readonly string[],
): Role {
  const callers = [...ssoRoles(account, trusted), `arn:aws:iam::${account}:user/ci`];
  return {
    ...databaseRole(account, name, users),
    trust: {
      Version: version,
      Statement: {
        Effect: 'Allow',
        Principal: { AWS: `arn:aws:iam::${account}:root` },
        Action: ['sts:AssumeRole', 'sts:SetSourceIdentity', 'sts:TagSession'],
        Condition: { ArnLike: { 'aws:PrincipalArn': callers } },
      },
    },
  };
}

const databaseRole = (account: string, name: string, users: readonly string[]): Omit<Role, 'trust'> => ({
  account,
  name,
  path: '/',
  id: derivedId('AROA', `${account}:${name}`),
  maxSessionSeconds: 3600,
  tags: { purpose: 'database' },
  policies: [databasePolicy(account, users)],
});

/** Reached by the IAM user `offline`, with MFA. */
function rehearsalRole(account: string): Role {
  return {
    account,
    name: offlineReadOnly,
    path: '/',
    id: derivedId('AROA', `${account}:${offlineReadOnly}`),
    maxSessionSeconds: 2 * 3600,
    tags: { tier: '3' },
    policies: [databasePolicy(account, ['forge_ro'])],
    trust: {
      Version: version,
      Statement: {
        Effect: 'Allow',
        Principal: { AWS: `arn:aws:iam::${accessAccount}:user/offline` },
        Action: ['sts:AssumeRole', 'sts:SetSourceIdentity', 'sts:TagSession'],
        Condition: { Bool: { 'aws:MultiFactorAuthPresent': 'true' } },
      },
    },
  };
}

/** AWS's own managed policies that a session policy may name. */
export const managedPolicies: readonly [arn: string, policy: PolicyDocument][] = [
  [
    'arn:aws:iam::aws:policy/AdministratorAccess',
    { Version: version, Statement: { Effect: 'Allow', Action: '*', Resource: '*' } },
  ],
  [
    'arn:aws:iam::aws:policy/PowerUserAccess',
    {
      Version: version,
      Statement: { Effect: 'Allow', NotAction: ['iam:*', 'organizations:*', 'account:*'], Resource: '*' },
    },
  ],
  [
    'arn:aws:iam::aws:policy/AmazonRDSReadOnlyAccess',
    {
      Version: version,
      Statement: { Effect: 'Allow', Action: ['rds:Describe*', 'rds:ListTagsForResource'], Resource: '*' },
    },
  ],
];
