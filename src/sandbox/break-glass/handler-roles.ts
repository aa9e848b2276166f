import type { PolicyDocument, PolicyStatement } from '../../iam/policy.ts';
import { derivedId } from '../issued-keys.ts';
import type { Account, Role } from '../organisation.ts';
import { accessAccount, region } from '../seed-accounts.ts';
import {
  anyMembership,
  anyUser,
  archive,
  configuration,
  handlerRoleArn,
  identityStoreArn,
  intake,
  jitGroupArns,
  revocationsArn,
  stateMachineArn,
  stateMachineName,
} from './arns.ts';

/** The handlers' roles. None can give anybody anything: what removes says so itself, in a Deny. */
const version = '2012-10-17';

const readRecords: PolicyStatement = {
  Sid: 'ReadRecords',
  Effect: 'Allow',
  Action: [
    's3:GetObject',
    's3:GetObjectVersion',
    's3:GetObjectRetention',
    's3:ListBucket',
    's3:ListBucketVersions',
  ],
  Resource: [intake, `${intake}/*`, archive, `${archive}/*`],
};

/** What they know of forge.yaml. */
const readPolicy: PolicyStatement = {
  Sid: 'ReadPolicy',
  Effect: 'Allow',
  Action: 's3:GetObject',
  Resource: `${configuration}/policy/*`,
};

const tell: PolicyStatement = {
  Sid: 'Tell',
  Effect: 'Allow',
  Action: 'secretsmanager:GetSecretValue',
  Resource: `arn:aws:secretsmanager:${region}:${accessAccount}:secret:forge-breakglass/slack-*`,
};

const lookAround: PolicyStatement = {
  Sid: 'LookAround',
  Effect: 'Allow',
  Action: [
    'identitystore:GetGroupMembershipId',
    'identitystore:IsMemberInGroups',
    'identitystore:ListGroupMemberships',
    'identitystore:DescribeUser',
    'identitystore:DescribeGroup',
  ],
  Resource: '*',
};

const workflow: PolicyStatement = {
  Sid: 'Workflow',
  Effect: 'Allow',
  Action: ['states:StartExecution', 'states:DescribeExecution', 'states:ListExecutions'],
  Resource: [stateMachineArn, `arn:aws:states:${region}:${accessAccount}:execution:${stateMachineName}:*`],
};

const takeAway: readonly PolicyStatement[] = [
  {
    Sid: 'TakeAway',
    Effect: 'Allow',
    Action: 'identitystore:DeleteGroupMembership',
    Resource: [...jitGroupArns(), identityStoreArn, anyMembership, anyUser],
  },
  assume('ForgeAuditCutTail'),
  {
    Sid: 'NeverGive',
    Effect: 'Deny',
    Action: ['identitystore:Create*', 'sso:*', 'iam:*'],
    Resource: '*',
  },
];

function assume(role: string): PolicyStatement {
  return {
    Sid: `Assume${role}`,
    Effect: 'Allow',
    Action: 'sts:AssumeRole',
    Resource: `arn:aws:iam::*:role/forge/${role}`,
  };
}

export function handlerRoles(): readonly Role[] {
  return [
    handler('recorder', [
      {
        Sid: 'WriteRecords',
        Effect: 'Allow',
        Action: 's3:PutObject',
        Resource: [`${archive}/sessions/*`, `${archive}/ledger/*`],
        Condition: { Null: { 's3:if-none-match': 'false' } },
      },
      readPolicy,
      readRecords,
      lookAround,
      workflow,
      tell,
    ]),
    handler('revoker', [...takeAway, readPolicy, readRecords, lookAround]),
    // What an event never told, the trail still knows.
    handler('sweeper', [
      ...takeAway,
      assume('ForgeAuditRead'),
      readPolicy,
      readRecords,
      lookAround,
      workflow,
      tell,
    ]),
    // What it finds goes by the workflow: it writes no bucket, and reads no records.
    handler('exporter', [assume('ForgeAuditRead'), readPolicy]),
  ];
}

function handler(name: Parameters<typeof handlerRoleArn>[0], statements: readonly PolicyStatement[]): Role {
  return {
    account: accessAccount,
    name: handlerRoleArn(name).split('/').at(-1) ?? '',
    path: '/',
    id: derivedId('AROA', handlerRoleArn(name)),
    maxSessionSeconds: 3600,
    tags: {},
    policies: [{ Version: version, Statement: statements }],
    trust: {
      Version: version,
      Statement: {
        Effect: 'Allow',
        Principal: { Service: 'lambda.amazonaws.com' },
        Action: 'sts:AssumeRole',
      },
    },
  };
}

/** What the handlers become in a production account: one to cut what was given, one to read what was done. */
export function auditRoles(account: Account): readonly Role[] {
  return [
    auditRole(account, 'ForgeAuditCutTail', ['revoker', 'sweeper'], {
      Version: version,
      Statement: [
        {
          Effect: 'Allow',
          Action: [
            'iam:GetPolicy',
            'iam:GetPolicyVersion',
            'iam:ListPolicyVersions',
            'iam:CreatePolicyVersion',
            'iam:DeletePolicyVersion',
          ],
          Resource: revocationsArn(account.id),
        },
        { Effect: 'Allow', Action: 'ssm:DescribeSessions', Resource: '*' },
        { Effect: 'Allow', Action: 'ssm:TerminateSession', Resource: 'arn:aws:ssm:*:*:session/*' },
      ],
    }),
    auditReadRole(account),
  ];
}

/** In the access account, too: what became of the keys of its IAM users is told there. */
export function auditReadRole(account: Account): Role {
  return auditRole(account, 'ForgeAuditRead', ['exporter', 'sweeper'], {
    Version: version,
    Statement: {
      Effect: 'Allow',
      Action: ['cloudtrail:LookupEvents', 'logs:Get*', 'logs:FilterLogEvents', 'ssm:DescribeSessions'],
      Resource: '*',
    },
  });
}

function auditRole(
  account: Account,
  name: string,
  trusted: readonly Parameters<typeof handlerRoleArn>[0][],
  policy: PolicyDocument,
): Role {
  return {
    account: account.id,
    name,
    path: '/forge/',
    id: derivedId('AROA', `${account.id}:${name}`),
    maxSessionSeconds: 3600,
    tags: {},
    policies: [policy],
    trust: {
      Version: version,
      Statement: {
        Effect: 'Allow',
        Principal: { AWS: trusted.map(handlerRoleArn) },
        Action: 'sts:AssumeRole',
      },
    },
  };
}
