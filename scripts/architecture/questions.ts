import type { ContextEntries } from '../../src/iam/request-context.ts';
import type { TemplateNames } from '../../src/lib/fill-template.ts';

export type Column = 'people' | 'functions' | 'emergency';

/** One row: may somebody do this? */
export interface Question {
  readonly says: string;
  /** Several: any of them. */
  readonly action: string | readonly string[];
  /** All that AWS asks about. */
  readonly resources: readonly string[];
  readonly context?: ContextEntries;
}

const [access, production, region] = ['999999999999', '333333333333', 'us-east-1'];
const [me, other] = ['11111111-1111-4111-8111-111111111111', '22222222-2222-4222-8222-222222222222'];
const identityStore = `arn:aws:identitystore::${access}:identitystore/d-1234567890`;
const group = (number: number) =>
  `arn:aws:identitystore:::group/00000000-0000-4000-8000-00000000000${number}`;
const bucket = (name: string) => `arn:aws:s3:::forge-breakglass-${name}-${access}`;
const [intake, archive, configuration] = [bucket('intake'), bucket('archive'), bucket('configuration')];
const handlerRole = (name: string) => `arn:aws:iam::${access}:role/forge-breakglass-${name}`;
const functionArn = (name: string) => `arn:aws:lambda:${region}:${access}:function:forge-breakglass-${name}`;
const stateMachine = 'forge-breakglass-session';
const databaseRole = `arn:aws:iam::${production}:role/readonly-rds-access`;

/** An organisation that could be anybody's, in the words of the templates. */
export const names: TemplateNames = {
  access_account: access,
  region,
  identity_store: identityStore,
  intake,
  archive,
  configuration,
  jit_groups: [group(1), group(2)],
  tier1_group: group(1),
  tier2_group: group(2),
  emergency_roles: ['arn:aws:iam::*:role/forge/Forge-Prod-Emergency'],
  offline_user: `arn:aws:iam::${access}:user/forge/forge-emergency-a`,
  offline_role: 'arn:aws:iam::*:role/forge/Forge-BreakGlass-Offline',
  reader_roles: ['arn:aws:iam::*:role/readonly-rds-access'],
  writer_roles: ['arn:aws:iam::*:role/write-rds-access'],
  data_buckets: ['arn:aws:s3:::data-*'],
  pipeline_role: `arn:aws:iam::${access}:role/forge-terraform`,
  recorder_role: handlerRole('recorder'),
  revoker_role: handlerRole('revoker'),
  sweeper_role: handlerRole('sweeper'),
  exporter_role: handlerRole('exporter'),
  state_machine: `arn:aws:states:${region}:${access}:stateMachine:${stateMachine}`,
  state_machine_name: stateMachine,
  dead_letters: `arn:aws:sqs:${region}:${access}:forge-breakglass-dead-letters`,
  workflow_functions: ['recorder', 'revoker', 'exporter'].map(functionArn),
  sweeper_function: functionArn('sweeper'),
  approver_roles: ['tier1', 'tier2'].map(
    (tier) =>
      `arn:aws:iam::*:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Forge-BreakGlass-Approve-${tier}_*`,
  ),
  pipeline_roles: 'arn:aws:iam::*:role/forge-terraform',
  database_roles: ['arn:aws:iam::*:role/readonly-rds-access', 'arn:aws:iam::*:role/write-rds-access'],
  me,
};

export const productionNames: TemplateNames = {
  access_account: access,
  account: production,
  region,
  archive,
  database_roles: [databaseRole],
};

const once = { 's3:if-none-match': '*' };
const membership = 'arn:aws:identitystore:::membership/x';
const member = (number: number, user: string) => [
  group(number),
  identityStore,
  `arn:aws:identitystore:::user/${user}`,
];

export const questions: readonly Question[] = [
  { says: 'let themselves in', action: 'identitystore:CreateGroupMembership', resources: member(1, me) },
  {
    says: 'let somebody else into tier 1',
    action: 'identitystore:CreateGroupMembership',
    resources: member(1, other),
  },
  {
    says: 'let somebody else into tier 2',
    action: 'identitystore:CreateGroupMembership',
    resources: member(2, other),
  },
  {
    says: 'take somebody out of tier 1',
    action: 'identitystore:DeleteGroupMembership',
    resources: [...member(1, other), membership],
  },
  {
    says: 'give permission sets to people or accounts',
    action: ['sso:CreateAccountAssignment', 'sso:PutInlinePolicyToPermissionSet', 'sso:CreatePermissionSet'],
    resources: ['*'],
  },
  {
    says: 'ask in their own name',
    action: 's3:PutObject',
    resources: [`${intake}/requests/${me}/x.json`],
    context: once,
  },
  {
    says: 'ask in another’s name',
    action: 's3:PutObject',
    resources: [`${intake}/requests/${other}/x.json`],
    context: once,
  },
  {
    says: 'approve tier 1, in their own name',
    action: 's3:PutObject',
    resources: [`${intake}/decisions/tier1/x/${me}.json`],
    context: once,
  },
  {
    says: 'approve in another’s name',
    action: 's3:PutObject',
    resources: [`${intake}/decisions/tier1/x/${other}.json`],
    context: once,
  },
  {
    says: 'stop anybody’s access',
    action: 's3:PutObject',
    resources: [`${intake}/kills/x/${me}.json`],
    context: once,
  },
  {
    says: 'write over what was written',
    action: 's3:PutObject',
    resources: [`${intake}/requests/${me}/x.json`],
  },
  { says: 'read records', action: 's3:GetObject', resources: [`${archive}/sessions/x/000000.json`] },
  {
    says: 'write a record, once',
    action: 's3:PutObject',
    resources: [`${archive}/sessions/x/000000.json`],
    context: once,
  },
  { says: 'write over a record', action: 's3:PutObject', resources: [`${archive}/sessions/x/000000.json`] },
  {
    says: 'delete a record, or shorten its lock',
    action: [
      's3:DeleteObject',
      's3:DeleteObjectVersion',
      's3:PutObjectRetention',
      's3:BypassGovernanceRetention',
    ],
    resources: [`${archive}/sessions/x/000000.json`],
  },
  {
    says: 'change what the functions judge by',
    action: 's3:PutObject',
    resources: [`${configuration}/policy/x.json`],
  },
  {
    says: 'change or stop the machinery',
    action: ['lambda:UpdateFunctionCode', 'lambda:UpdateFunctionConfiguration'],
    resources: [functionArn('recorder')],
  },
  {
    says: 'stop an execution',
    action: 'states:StopExecution',
    resources: [`arn:aws:states:${region}:${access}:execution:${stateMachine}:x`],
  },
  {
    says: 'switch a rule off',
    action: ['events:DisableRule', 'events:DeleteRule', 'events:PutRule', 'events:RemoveTargets'],
    resources: [`arn:aws:events:${region}:${access}:rule/forge-breakglass-memberships`],
  },
  {
    says: 'cut issued credentials (become ForgeAuditCutTail)',
    action: 'sts:AssumeRole',
    resources: [`arn:aws:iam::${production}:role/forge/ForgeAuditCutTail`],
  },
  {
    says: 'change roles of break-glass',
    action: ['iam:UpdateAssumeRolePolicy', 'iam:PutRolePolicy', 'iam:DeleteRolePermissionsBoundary'],
    resources: [`arn:aws:iam::${access}:role/forge-breakglass-recorder`],
  },
];

/** Tier 0 in production: much, and not this. */
export const emergencyQuestions: readonly Question[] = [
  {
    says: 'restart, scale and repair what runs',
    action: 'ec2:RebootInstances',
    resources: [`arn:aws:ec2:${region}:${production}:instance/i-1`],
  },
  { says: 'become a database role', action: 'sts:AssumeRole', resources: [databaseRole] },
  {
    says: 'become any other role',
    action: 'sts:AssumeRole',
    resources: [`arn:aws:iam::${production}:role/workload/payment`],
  },
  {
    says: 'sign in to a database without that role',
    action: 'rds-db:connect',
    resources: [`arn:aws:rds-db:${region}:${production}:dbuser:x/y`],
  },
  {
    says: 'make or change users, roles, keys',
    action: ['iam:CreateUser', 'iam:CreateAccessKey', 'iam:PutRolePolicy', 'iam:PassRole'],
    resources: ['*'],
  },
  {
    says: 'stop the trail',
    action: ['cloudtrail:StopLogging', 'cloudtrail:DeleteTrail', 'cloudtrail:PutEventSelectors'],
    resources: [`arn:aws:cloudtrail:${region}:${production}:trail/x`],
  },
  {
    says: 'delete logs',
    action: ['logs:DeleteLogGroup', 'logs:DeleteLogStream'],
    resources: [`arn:aws:logs:${region}:${production}:log-group:x`],
  },
  {
    says: 'switch off what forwards its use',
    action: ['events:DisableRule', 'events:DeleteRule', 'events:RemoveTargets'],
    resources: [`arn:aws:events:${region}:${production}:rule/forge-breakglass-emergency-roles`],
  },
  {
    says: 'change what shells record',
    action: ['ssm:UpdateDocument', 'ssm:DeleteDocument'],
    resources: [`arn:aws:ssm:${region}:${production}:document/SSM-SessionManagerRunShell`],
  },
  {
    says: 'write or delete a record',
    action: ['s3:PutObject', 's3:DeleteObjectVersion'],
    resources: [`${archive}/sessions/x/000000.json`],
  },
];
