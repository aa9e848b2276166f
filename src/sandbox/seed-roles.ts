import type { PolicyDocument, PolicyStatement } from '../iam/policy.ts';
import { revocationsArn } from './break-glass/arns.ts';
import { emergencyRole } from './break-glass/emergency-role.ts';
import { auditReadRole, auditRoles, handlerRoles } from './break-glass/handler-roles.ts';
import { offlineRole, offlineRoleName } from './break-glass/offline-access.ts';
import { derivedHex, derivedId } from './issued-keys.ts';
import type { Account, PermissionSet, Role } from './organisation.ts';
import { accessAccount, productionAccounts, region } from './seed-accounts.ts';
import { bastionTunnel, emergencyPolicies, permissionSets, version } from './seed-permission-sets.ts';

/** What an account has from the start: the roles of Identity Center, and those for its databases. */
export function rolesOf(account: Account): readonly Role[] {
  const roles = permissionSets.map((set) => identityCenterRole(account.id, set));
  if (account.id === accessAccount) return [...roles, ...handlerRoles(), auditReadRole(account)];
  // In production nobody is in it without a name: an end for a person could not reach them.
  const readsAs = account.production ? namesThePerson : {};
  roles.push(databaseRole(account.id, 'readonly-rds-access', ['forge_ro'], readers, readsAs));
  if (account.production) {
    roles.push(
      databaseRole(account.id, 'write-rds-access', ['forge_ro', 'forge_rw'], writers, namesThePerson),
    );
    roles.push(emergencyRole(account, emergencyPolicies), offlineRole(account, emergencyPolicies));
    roles.push(...auditRoles(account));
  } else {
    roles.push(
      databaseRole(account.id, 'developer-rds-access', ['developer', 'forge_ro', 'forge_rw'], developers),
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

const readers = ['Forge-*'];
const writers = ['Forge-Admin', 'Forge-Prod-Database'];
const developers = ['Forge-Admin', 'Forge-Developer', 'Forge-QA', 'Forge-9Squid', 'Forge-SRE'];

/**
 * The session must carry the caller's own Identity Center user name as SourceIdentity: aws:userid of such a
 * caller is `AROA…:<user name>`, so nobody can put another's name there.
 */
const namesThePerson: NonNullable<PolicyStatement['Condition']> = {
  StringLike: { 'aws:userid': `*:\${sts:SourceIdentity}` },
};

function databaseRole(
  account: string,
  name: string,
  databaseUsers: readonly string[],
  trusted: readonly string[],
  condition: NonNullable<PolicyStatement['Condition']> = {},
): Role {
  const ssoRoles = trusted.map(
    (set) => `arn:aws:iam::${account}:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_${set}_*`,
  );
  const callers = [...ssoRoles, `arn:aws:iam::${account}:user/ci`];
  const becomeIt = {
    Effect: 'Allow' as const,
    Principal: { AWS: `arn:aws:iam::${account}:root` },
    Action: ['sts:AssumeRole', 'sts:SetSourceIdentity', 'sts:TagSession'],
  };
  return {
    account,
    name,
    path: '/',
    id: derivedId('AROA', `${account}:${name}`),
    maxSessionSeconds: 3600,
    tags: { purpose: 'database' },
    ...boundIn(account),
    policies: [databasePolicy(account, databaseUsers)],
    trust: {
      Version: version,
      Statement: [
        { ...becomeIt, Condition: { ArnLike: { 'aws:PrincipalArn': callers }, ...condition } },
        // Its SourceIdentity is the person's user id since tier 0 began, or tier 3's two names; it can't be changed on the way.
        {
          ...becomeIt,
          Condition: {
            ArnLike: {
              'aws:PrincipalArn': ['Forge-Prod-Emergency', offlineRoleName].map(
                (one) => `arn:aws:iam::${account}:role/forge/${one}`,
              ),
            },
            StringLike: { 'aws:SourceIdentity': '?*' },
          },
        },
      ],
    },
  };
}

/** Finding the databases of an account, and going to them as these users. */
function databasePolicy(account: string, users: readonly string[]): PolicyDocument {
  return {
    Version: version,
    Statement: [
      { Effect: 'Allow', Action: 'rds:Describe*', Resource: '*' },
      ...bastionTunnel,
      {
        Effect: 'Allow',
        Action: 'rds-db:connect',
        Resource: users.map((user) => `arn:aws:rds-db:${region}:${account}:dbuser:*/${user}`),
      },
    ],
  };
}

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
