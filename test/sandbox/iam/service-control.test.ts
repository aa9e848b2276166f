import { describe, expect, it } from 'vitest';
import { fillPolicy } from '../../../src/iam/fill-policy.ts';
import type { PolicyDocument } from '../../../src/iam/policy.ts';
import type { Role } from '../../../src/sandbox/organisation.ts';
import type { IssuedKeys } from '../../../src/sandbox/principal.ts';
import { seedOrganisation } from '../../../src/sandbox/seed.ts';
import { accessAccount } from '../../../src/sandbox/seed-accounts.ts';
import { identityCenterRole } from '../../../src/sandbox/seed-roles.ts';
import { guardNames, templateOf } from '../../support/policy-templates.ts';
import { bothJudges, sessionKeys } from './both-judges.ts';

/**
 * The organisation's guard, judged on people and roles whose own policies allow everything: what it stops, it stops whoever
 * edits permission sets or roles, and what it must let through still works.
 */
const guard = fillPolicy('identity', [templateOf('organization-guard', 'service-control')], {
  ...guardNames,
  // One of another name, too: what it is called must not be what guards it.
  pipeline_roles: [...guardNames.pipeline_roles, 'arn:aws:iam::*:role/ci/deploy'],
});
const organisation = seedOrganisation();
const now = Date.UTC(2026, 10, 20, 12, 5);
const wealth = '333333333333';
const everything: readonly PolicyDocument[] = [
  { Version: '2012-10-17', Statement: { Effect: 'Allow', Action: '*', Resource: '*' } },
];
const found = <T>(value: T | undefined): T => {
  if (value === undefined) throw new Error('not in the seed');
  return value;
};
const userId = (nickname: string) =>
  found(organisation.people.find((person) => person.nickname === nickname)).id;
function person(nickname: string, set: string, account: string, region = ''): IssuedKeys {
  const who = found(organisation.people.find((entry) => entry.nickname === nickname));
  const role = identityCenterRole(account, { name: set, policies: everything });
  return sessionKeys({ ...role, path: `${role.path}${region}` }, who.userName, { person: who });
}
const own = (name: string, account = accessAccount, path = '/'): IssuedKeys => {
  const role: Role = { ...identityCenterRole(account, { name: 'x', policies: everything }), name, path };
  return sessionKeys(role, name);
};
const callers = {
  admin: person('alex', 'Forge-Admin', accessAccount),
  adminInProduction: person('alex', 'Forge-Admin', wealth),
  approver: person('mia', 'Forge-BreakGlass-Approve-tier1', accessAccount),
  approverAbroad: person('mia', 'Forge-BreakGlass-Approve-tier1', accessAccount, 'eu-central-1/'),
  requester: person('dana', 'Forge-BreakGlass-Request', accessAccount),
  pipeline: own('forge-terraform'),
  pipelineInProduction: own('forge-terraform', wealth),
  pretender: own('Forge-BreakGlass-Approve-tier1', accessAccount, '/workload/'),
  worker: own('billing-worker', wealth),
  sweeper: own('forge-breakglass-sweeper'),
  workflow: own('forge-breakglass-workflow'),
  cutter: own('ForgeAuditCutTail', wealth, '/forge/'),
};
const group = `arn:aws:identitystore:::group/${found(organisation.groups.find(({ name }) => name.includes('jit'))).id}`;
const user = (nickname: string) => `arn:aws:identitystore:::user/${userId(nickname)}`;
const inAccess = (service: string, rest: string) => `arn:aws:${service}:us-east-1:${accessAccount}:${rest}`;
const iam = (rest: string, account = wealth) => `arn:aws:iam::${account}:${rest}`;
const boundary = iam('policy/forge/ForgeBreakGlassRevocations');
const database = iam('role/write-rds-access');
const transcripts = 'log-group:/forge/session-manager:log-stream:x';
const shellDocument = `arn:aws:ssm:us-east-1:${wealth}:document/SSM-SessionManagerRunShell`;
const permissionSet = 'arn:aws:sso:::permissionSet/ssoins-0000000000000000/ps-0000000000000000';

type Row = readonly [who: keyof typeof callers, action: string, resource: string];
const stopped: readonly Row[] = [
  ['admin', 'identitystore:CreateGroupMembership', group],
  ['admin', 'identitystore:CreateGroupMembership', user('dana')],
  ['admin', 'sso-directory:AddMemberToGroup', '*'],
  ['pretender', 'identitystore:CreateGroupMembership', group],
  ['requester', 'identitystore:CreateGroupMembership', group],
  ['approver', 'identitystore:CreateGroupMembership', user('mia')],
  [
    'approver',
    'identitystore:CreateGroupMembership',
    user('mia').replace(/[^/]*$/, (id) => id.toUpperCase()),
  ],
  ['approver', 'sso-directory:AddMemberToGroup', '*'],
  ['sweeper', 'identitystore:CreateGroupMembership', group],
  // Tokens of SCIM, and another identity provider: whoever has them is whom they like, and asks IAM nothing.
  ['admin', 'sso-directory:CreateBearerToken', '*'],
  ['admin', 'sso-directory:CreateProvisioningTenant', '*'],
  ['admin', 'sso-directory:EnableExternalIdPConfigurationForDirectory', '*'],
  ['admin', 'sso-directory:ImportExternalIdPCertificate', '*'],
  ['admin', 'sso:CreateTrustedTokenIssuer', 'arn:aws:sso:::instance/ssoins-0000000000000000'],
  // What the console called before there was an API.
  ['admin', 'sso:PutPermissionsPolicy', '*'],
  ['admin', 'sso:AssociateProfile', '*'],
  ['admin', 'sso:CreateAccountAssignment', permissionSet],
  ['admin', 'sso:DeleteAccountAssignment', permissionSet],
  ['admin', 'sso:CreatePermissionSet', 'arn:aws:sso:::instance/ssoins-0000000000000000'],
  ['admin', 'sso:UpdatePermissionSet', permissionSet],
  ['admin', 'sso:DeletePermissionSet', permissionSet],
  ['admin', 'sso:PutInlinePolicyToPermissionSet', permissionSet],
  ['admin', 'sso:DeleteInlinePolicyFromPermissionSet', permissionSet],
  ['admin', 'sso:AttachManagedPolicyToPermissionSet', permissionSet],
  ['admin', 'sso:AttachCustomerManagedPolicyReferenceToPermissionSet', permissionSet],
  ['admin', 'sso:DetachManagedPolicyFromPermissionSet', permissionSet],
  ['admin', 'sso:PutPermissionsBoundaryToPermissionSet', permissionSet],
  ['admin', 'sso:DeletePermissionsBoundaryFromPermissionSet', permissionSet],
  ['adminInProduction', 'iam:DeleteRolePermissionsBoundary', iam('role/forge/Forge-Prod-Emergency')],
  ['adminInProduction', 'iam:UpdateAssumeRolePolicy', iam('role/forge/ForgeAuditCutTail')],
  ['adminInProduction', 'iam:CreatePolicyVersion', boundary],
  ['adminInProduction', 'iam:DeletePolicy', boundary],
  ['adminInProduction', 'iam:DeleteRolePermissionsBoundary', database],
  ['adminInProduction', 'iam:PutRolePermissionsBoundary', database],
  ['adminInProduction', 'iam:UpdateAssumeRolePolicy', database],
  ['adminInProduction', 'iam:PutRolePolicy', database],
  ['adminInProduction', 'iam:PassRole', iam('role/forge/ForgeAuditCutTail')],
  ['worker', 'iam:CreateRole', iam('role/forge-breakglass-revoker')],
  ['worker', 'iam:CreateRole', iam('role/forge-terraform')],
  ['adminInProduction', 'iam:UpdateAssumeRolePolicy', iam('role/ci/deploy')],
  ['admin', 'iam:CreateAccessKey', iam('user/forge/forge-emergency-a', accessAccount)],
  ['admin', 'iam:DeactivateMFADevice', iam('user/forge/forge-emergency-a', accessAccount)],
  ['admin', 'iam:PassRole', iam('role/forge-breakglass-revoker', accessAccount)],
  ['admin', 's3:PutBucketPolicy', `arn:aws:s3:::forge-breakglass-archive-${accessAccount}`],
  ['admin', 's3:DeleteObject', `arn:aws:s3:::forge-breakglass-intake-${accessAccount}/requests/x`],
  ['admin', 's3:PutObjectRetention', `arn:aws:s3:::forge-breakglass-archive-${accessAccount}/sessions/x`],
  ['admin', 's3:PutLifecycleConfiguration', `arn:aws:s3:::forge-breakglass-archive-${accessAccount}`],
  ...['BucketNotification', 'BucketAcl', 'BucketOwnershipControls', 'EncryptionConfiguration'].map(
    (what): Row => ['admin', `s3:Put${what}`, `arn:aws:s3:::forge-breakglass-intake-${accessAccount}`],
  ),
  ['admin', 's3:PutInventoryConfiguration', `arn:aws:s3:::forge-breakglass-archive-${accessAccount}`],
  ['admin', 's3:ReplicateObject', `arn:aws:s3:::forge-breakglass-archive-${accessAccount}/sessions/x`],
  ['admin', 'lambda:UpdateFunctionCode', inAccess('lambda', 'function:forge-breakglass-recorder')],
  ['admin', 'lambda:InvokeFunction', inAccess('lambda', 'function:forge-breakglass-revoker')],
  ['admin', 'lambda:PutFunctionConcurrency', inAccess('lambda', 'function:forge-breakglass-revoker')],
  ['admin', 'states:StartExecution', inAccess('states', 'stateMachine:forge-breakglass-session')],
  ['admin', 'states:StopExecution', inAccess('states', 'execution:forge-breakglass-session:x')],
  ['adminInProduction', 'events:DisableRule', `arn:aws:events:us-east-1:${wealth}:rule/forge-breakglass-use`],
  ['admin', 'events:PutTargets', inAccess('events', 'rule/forge-breakglass/forge-breakglass-use')],
  ['admin', 'events:PutEvents', inAccess('events', 'event-bus/forge-breakglass')],
  // A key of one's own on a bus, and then none: what nobody can read, no rule sees.
  ['adminInProduction', 'events:UpdateEventBus', `arn:aws:events:us-east-1:${wealth}:event-bus/default`],
  ['admin', 'sqs:PurgeQueue', inAccess('sqs', 'forge-breakglass-dead-letters')],
  [
    'adminInProduction',
    'sqs:SetQueueAttributes',
    `arn:aws:sqs:us-east-1:${wealth}:forge-breakglass-undelivered`,
  ],
  ['admin', 'sns:DeleteTopic', inAccess('sns', 'forge-breakglass-alerts')],
  ['admin', 'cloudwatch:DeleteAlarms', inAccess('cloudwatch', 'alarm:forge-breakglass-no-sweep')],
  ['admin', 'cloudwatch:DisableAlarmActions', inAccess('cloudwatch', 'alarm:forge-breakglass-no-sweep')],
  ['admin', 'logs:DeleteLogGroup', inAccess('logs', 'log-group:/aws/lambda/forge-breakglass-recorder')],
  ['adminInProduction', 'logs:DeleteLogStream', `arn:aws:logs:us-east-1:${wealth}:${transcripts}`],
  ['adminInProduction', 'logs:AssociateKmsKey', `arn:aws:logs:us-east-1:${wealth}:${transcripts}`],
  ['adminInProduction', 'ssm:UpdateDocument', shellDocument],
  [
    'admin',
    'secretsmanager:ReplicateSecretToRegions',
    inAccess('secretsmanager', 'secret:forge-breakglass/slack-AbCdEf'),
  ],
  ['admin', 'scheduler:DeleteSchedule', inAccess('scheduler', 'schedule/default/forge-breakglass-sweeper')],
  [
    'admin',
    'secretsmanager:GetSecretValue',
    inAccess('secretsmanager', 'secret:forge-breakglass/slack-AbCdEf'),
  ],
  ['adminInProduction', 'cloudtrail:StopLogging', `arn:aws:cloudtrail:us-east-1:${wealth}:trail/all`],
];
const free: readonly Row[] = [
  ['approver', 'identitystore:CreateGroupMembership', group],
  ['approver', 'identitystore:CreateGroupMembership', user('dana')],
  ['approverAbroad', 'identitystore:CreateGroupMembership', group],
  ['pipeline', 'identitystore:CreateGroupMembership', group],
  ['pipeline', 'sso:PutInlinePolicyToPermissionSet', permissionSet],
  ['pipeline', 'iam:PassRole', iam('role/forge-breakglass-revoker', accessAccount)],
  ['pipeline', 's3:PutBucketPolicy', `arn:aws:s3:::forge-breakglass-archive-${accessAccount}`],
  ['pipeline', 'lambda:UpdateFunctionCode', inAccess('lambda', 'function:forge-breakglass-recorder')],
  ['pipelineInProduction', 'iam:CreateRole', iam('role/forge/Forge-Prod-Emergency')],
  ['sweeper', 'identitystore:DeleteGroupMembership', group],
  ['sweeper', 'states:StartExecution', inAccess('states', 'stateMachine:forge-breakglass-session')],
  [
    'sweeper',
    'secretsmanager:GetSecretValue',
    inAccess('secretsmanager', 'secret:forge-breakglass/slack-AbCdEf'),
  ],
  ['workflow', 'lambda:InvokeFunction', inAccess('lambda', 'function:forge-breakglass-revoker')],
  ['cutter', 'iam:CreatePolicyVersion', boundary],
  ['requester', 's3:PutObject', `arn:aws:s3:::forge-breakglass-intake-${accessAccount}/requests/x`],
  ['adminInProduction', 'iam:CreateRole', iam('role/workload/billing')],
  ['worker', 'logs:PutLogEvents', `arn:aws:logs:us-east-1:${wealth}:${transcripts}`],
  ['worker', 'ssm:GetDocument', shellDocument],
  ['worker', 'sqs:DeleteMessage', `arn:aws:sqs:us-east-1:${wealth}:orders`],
  ['adminInProduction', 'iam:GetRole', iam('role/forge/Forge-Prod-Emergency')],
  ['adminInProduction', 'lambda:InvokeFunction', `arn:aws:lambda:us-east-1:${wealth}:function:billing`],
  ['admin', 'sso:DescribePermissionSet', permissionSet],
  ['admin', 'identitystore:DeleteGroupMembership', group],
  ['admin', 'states:DescribeExecution', inAccess('states', 'execution:forge-breakglass-session:x')],
];

const ask = ([who, action, resource]: Row) =>
  bothJudges({
    now,
    keys: callers[who],
    action,
    resource,
    owner: resource.split(':')[4] || accessAccount,
    guard,
  });

describe('the organisation’s guard', () => {
  it.each(stopped)('stops %s: %s on %s', async (...row) => {
    expect(await ask(row)).toBe('denied');
  });

  it.each(free)('lets %s: %s on %s', async (...row) => {
    expect(await ask(row)).toBe('allowed');
  });
});
