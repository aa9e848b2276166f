import type { PolicyDocument, PolicyStatement } from '../iam/policy.ts';
import { databaseRoleNames } from './break-glass/emergency-role.ts';
import {
  approverPolicy,
  auditorPolicy,
  killerPolicy,
  onCallPolicy,
  requesterPolicy,
} from './break-glass/person-policies.ts';
import { administratorGuard, developerGuard } from './break-glass/standing-guards.ts';
import type { PermissionSet } from './organisation.ts';

const hour = 3600;
export const version = '2012-10-17';

/** What everybody who may see an environment can do in it. */
const look: PolicyStatement = {
  Effect: 'Allow',
  Action: [
    'rds:Describe*',
    'eks:Describe*',
    'eks:List*',
    'ssm:Describe*',
    'ssm:GetConnectionStatus',
    'ec2:DescribeInstances',
    'cloudwatch:Get*',
    'logs:Get*',
  ],
  Resource: '*',
};

/** Databases are reached through a role for the purpose, as connect.sh does; never by the permission set itself. */
const becomeDatabaseRole = (...roles: readonly string[]): PolicyStatement => ({
  Effect: 'Allow',
  Action: ['sts:AssumeRole', 'sts:SetSourceIdentity', 'sts:TagSession'],
  Resource: roles.map((role) => `arn:aws:iam::*:role/${role}`),
});

/** AWS's PowerUserAccess, less the databases. */
const powerUser: PolicyStatement = {
  Effect: 'Allow',
  NotAction: ['iam:*', 'organizations:*', 'account:*', 'rds-db:*'],
  Resource: '*',
};

const policy = (...statements: readonly PolicyStatement[]): PolicyDocument => ({
  Version: version,
  Statement: statements,
});

/** Instances one by one: shells, commands and ports; ending and resuming one's own sessions only. */
export const instanceSessions: readonly PolicyStatement[] = [
  {
    Effect: 'Allow',
    Action: 'ssm:StartSession',
    Resource: [
      'arn:aws:ec2:*:*:instance/*',
      'arn:aws:ssm:*:*:managed-instance/*',
      'arn:aws:ecs:*:*:task/*',
      ...sessionDocuments('*'),
    ],
  },
  ownSessions(),
  sessionKey(),
];

/** The way to a database or a cluster's API when no VPN is there: the environment's bastion, and nothing but forwarding on it. */
export const bastionTunnel: readonly PolicyStatement[] = [
  {
    Effect: 'Allow',
    Action: ['ssm:DescribeInstanceInformation', 'ssm:GetConnectionStatus', 'ec2:DescribeInstances'],
    Resource: '*',
  },
  {
    Effect: 'Allow',
    Action: 'ssm:StartSession',
    Resource: 'arn:aws:ec2:*:*:instance/*',
    Condition: { StringEquals: { 'ssm:resourceTag/role': 'bastion' } },
  },
  {
    Effect: 'Allow',
    Action: 'ssm:StartSession',
    Resource: sessionDocuments('AWS-StartPortForwardingSessionToRemoteHost'),
  },
  ownSessions(),
];

function sessionDocuments(name: string): readonly string[] {
  const own = name === '*' ? ['arn:aws:ssm:*:*:document/SSM-SessionManagerRunShell'] : [];
  return [...own, `arn:aws:ssm:*::document/${name === '*' ? 'AWS-Start*' : name}`];
}

function ownSessions(): PolicyStatement {
  return {
    Effect: 'Allow',
    Action: ['ssm:TerminateSession', 'ssm:ResumeSession'],
    Resource: 'arn:aws:ssm:*:*:session/*',
    Condition: { StringLike: { 'ssm:resourceTag/aws:ssmmessages:session-id': `\${aws:userid}` } },
  };
}

/** For what encrypts sessions, and no other use of the key. */
function sessionKey(): PolicyStatement {
  return {
    Effect: 'Allow',
    Action: 'kms:GenerateDataKey',
    Resource: 'arn:aws:kms:*:*:key/*',
    Condition: { StringLike: { 'kms:EncryptionContext:aws:ssm:SessionId': '*' } },
  };
}

export const permissionSets: readonly PermissionSet[] = [
  {
    name: 'Forge-Admin',
    description: 'Full access, all accounts',
    sessionSeconds: 4 * hour,
    policies: [policy({ Effect: 'Allow', Action: '*', Resource: '*' }), administratorGuard],
  },
  {
    name: 'Forge-Developer',
    description: 'Full access to Dev and QA',
    sessionSeconds: 8 * hour,
    policies: [policy(powerUser), developerGuard],
  },
  {
    name: 'Forge-QA',
    description: 'Full access to QA',
    sessionSeconds: 8 * hour,
    policies: [policy(powerUser), developerGuard],
  },
  {
    name: 'Forge-QA-ReadOnly',
    description: 'Read-only access to Dev',
    sessionSeconds: 8 * hour,
    policies: [policy(look, becomeDatabaseRole('readonly-rds-access'), ...bastionTunnel)],
  },
  {
    name: 'Forge-9Squid',
    description: 'Full access to Dev for the 9Squid team',
    sessionSeconds: 8 * hour,
    policies: [policy(powerUser), developerGuard],
  },
  {
    name: 'Forge-SRE',
    description: 'Power user; production by break-glass',
    sessionSeconds: 8 * hour,
    policies: [policy(powerUser), developerGuard],
  },
  {
    name: 'Forge-Wealth-ReadOnly',
    description: 'Read-only access to Prod-Wealth',
    sessionSeconds: 4 * hour,
    policies: [policy(look, becomeDatabaseRole('readonly-rds-access'), ...bastionTunnel)],
  },
  {
    name: 'Forge-DataAnalyst',
    description: 'Confidential S3 data in production',
    sessionSeconds: 4 * hour,
    policies: [
      policy({
        Effect: 'Allow',
        Action: ['s3:GetObject', 's3:ListBucket'],
        Resource: 'arn:aws:s3:::tapp-data-*',
      }),
    ],
  },
  {
    name: 'Forge-Prod-ReadOnly',
    bounded: true,
    description: 'Break-glass tier 2: investigation only',
    sessionSeconds: 4 * hour,
    policies: [policy(look, becomeDatabaseRole('readonly-rds-access'), ...bastionTunnel)],
  },
  {
    name: 'Forge-Prod-Database',
    bounded: true,
    description: 'Break-glass tier 1: database',
    sessionSeconds: 2 * hour,
    policies: [policy(look, becomeDatabaseRole('readonly-rds-access', 'write-rds-access'), ...bastionTunnel)],
  },
  {
    name: 'Forge-Prod-Instance',
    bounded: true,
    description: 'Break-glass tier 1: instance',
    sessionSeconds: 2 * hour,
    policies: [policy(look, ...instanceSessions)],
  },
  {
    name: 'Forge-Prod-Kubernetes',
    bounded: true,
    description: 'Break-glass tier 1: kubernetes',
    sessionSeconds: 2 * hour,
    policies: [policy(look, ...bastionTunnel)],
  },
  {
    name: 'Forge-Prod-Console',
    bounded: true,
    description: 'Break-glass tier 1: console',
    sessionSeconds: 4 * hour,
    policies: [policy(look)],
  },
  {
    name: 'Forge-SRE-OnCall',
    description: 'Break-glass tier 0: the way to its role, and nothing else',
    sessionSeconds: 8 * hour,
    policies: [onCallPolicy],
  },
  {
    name: 'Forge-BreakGlass-Request',
    description: 'Asking for break-glass',
    sessionSeconds: 8 * hour,
    policies: [requesterPolicy],
  },
  {
    name: 'Forge-BreakGlass-Approve-tier1',
    description: 'Approving break-glass tier 1',
    sessionSeconds: hour,
    policies: [approverPolicy('1')],
  },
  {
    name: 'Forge-BreakGlass-Approve-tier2',
    description: 'Approving break-glass tier 2',
    sessionSeconds: hour,
    policies: [approverPolicy('2')],
  },
  {
    name: 'Forge-BreakGlass-Kill',
    description: 'Ending anybody’s break-glass access',
    sessionSeconds: hour,
    policies: [killerPolicy],
  },
  {
    name: 'Forge-BreakGlass-Audit',
    description: 'Reading the break-glass archive',
    sessionSeconds: hour,
    policies: [auditorPolicy],
  },
];

/** What tier 0's role may do, before what it must not. */
export const emergencyPolicies: readonly PolicyDocument[] = [
  policy(powerUser, becomeDatabaseRole(...databaseRoleNames)),
];
