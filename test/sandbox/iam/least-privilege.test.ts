import { describe, expect, it } from 'vitest';
import { archive, intake } from '../../../src/sandbox/break-glass/arns.ts';
import type { IssuedKeys } from '../../../src/sandbox/principal.ts';
import { seedOrganisation } from '../../../src/sandbox/seed.ts';
import { accessAccount } from '../../../src/sandbox/seed-accounts.ts';
import { identityCenterRole } from '../../../src/sandbox/seed-roles.ts';
import { bothJudges, sessionKeys } from './both-judges.ts';

/** What a handler never does, and what an administrator must not, is no right of theirs. */
const organisation = seedOrganisation();
const now = Date.UTC(2026, 10, 20, 12, 5);
const found = <T>(value: T | undefined): T => {
  if (value === undefined) throw new Error('not in the seed');
  return value;
};
const handler = (name: string): IssuedKeys =>
  sessionKeys(found(organisation.roles.find((one) => one.name === `forge-breakglass-${name}`)), name);
const alex = found(organisation.people.find(({ nickname }) => nickname === 'alex'));
const administrator = sessionKeys(
  identityCenterRole(
    accessAccount,
    found(organisation.permissionSets.find(({ name }) => name === 'Forge-Admin')),
  ),
  alex.userName,
  { person: alex },
);
const webhook = `arn:aws:secretsmanager:us-east-1:${accessAccount}:secret:forge-breakglass/slack-AbCdEf`;
const other = `arn:aws:secretsmanager:us-east-1:${accessAccount}:secret:another-AbCdEf`;
const get = 'secretsmanager:GetSecretValue';
const here = (service: string, rest: string) => `arn:aws:${service}:us-east-1:${accessAccount}:${rest}`;
const permissionSet = 'arn:aws:sso:::permissionSet/ssoins-0000000000000000/ps-0000000000000000';

it.each([
  ['the exporter reads evidence', 'denied', handler('exporter'), 's3:GetObject', `${intake}/evidence/x`],
  ['the exporter reads records', 'denied', handler('exporter'), 's3:GetObject', `${archive}/sessions/x`],
  ['the exporter lists', 'denied', handler('exporter'), 's3:ListBucket', archive],
  ['the revoker reads records', 'allowed', handler('revoker'), 's3:GetObject', `${archive}/sessions/x`],
  ['the revoker reads the webhook', 'denied', handler('revoker'), get, webhook],
  ['the recorder reads the webhook', 'allowed', handler('recorder'), get, webhook],
  ['an administrator reads the webhook', 'denied', administrator, get, webhook],
  ['an administrator changes it', 'denied', administrator, 'secretsmanager:PutSecretValue', webhook],
  ['an administrator removes it', 'denied', administrator, 'secretsmanager:DeleteSecret', webhook],
  ['an administrator changes another', 'allowed', administrator, 'secretsmanager:PutSecretValue', other],
  [
    'an administrator adds a member by the console',
    'denied',
    administrator,
    'sso-directory:AddMemberToGroup',
    '*',
  ],
  [
    '… empties a permission set',
    'denied',
    administrator,
    'sso:DeleteInlinePolicyFromPermissionSet',
    permissionSet,
  ],
  ['… makes another one', 'denied', administrator, 'sso:CreatePermissionSet', permissionSet],
  ['… looks at one', 'allowed', administrator, 'sso:DescribePermissionSet', permissionSet],
  [
    '… becomes the pipeline',
    'denied',
    administrator,
    'sts:AssumeRole',
    `arn:aws:iam::${accessAccount}:role/forge-terraform`,
  ],
  [
    '… changes the pipeline',
    'denied',
    administrator,
    'iam:PutRolePolicy',
    `arn:aws:iam::${accessAccount}:role/forge-terraform`,
  ],
  [
    '… empties the dead letters',
    'denied',
    administrator,
    'sqs:PurgeQueue',
    here('sqs', 'forge-breakglass-dead-letters'),
  ],
  [
    '… reads a dead letter',
    'allowed',
    administrator,
    'sqs:ReceiveMessage',
    here('sqs', 'forge-breakglass-dead-letters'),
  ],
  [
    '… mutes an alarm',
    'denied',
    administrator,
    'cloudwatch:DisableAlarmActions',
    here('cloudwatch', 'alarm:forge-breakglass-stuck'),
  ],
  [
    '… subscribes nobody else',
    'denied',
    administrator,
    'sns:DeleteTopic',
    here('sns', 'forge-breakglass-alerts'),
  ],
  [
    '… deletes a log',
    'denied',
    administrator,
    'logs:DeleteLogGroup',
    here('logs', 'log-group:/aws/lambda/forge-breakglass-recorder'),
  ],
  [
    '… sends the bus an event',
    'denied',
    administrator,
    'events:PutEvents',
    here('events', 'event-bus/forge-breakglass'),
  ],
  [
    '… deletes transcripts',
    'denied',
    administrator,
    'logs:DeleteLogStream',
    here('logs', 'log-group:/forge/session-manager:log-stream:x'),
  ],
  [
    '… deletes the workflow’s log',
    'denied',
    administrator,
    'logs:DeleteLogGroup',
    here('logs', 'log-group:/aws/vendedlogs/states/forge-breakglass-session'),
  ],
  [
    '… keeps no transcripts',
    'denied',
    administrator,
    'ssm:UpdateDocument',
    here('ssm', 'document/SSM-SessionManagerRunShell'),
  ],
  ['… makes a token of SCIM', 'denied', administrator, 'sso-directory:CreateBearerToken', '*'],
  [
    '… brings another identity provider',
    'denied',
    administrator,
    'sso-directory:EnableExternalIdPConfigurationForDirectory',
    '*',
  ],
  ['… brings who says who somebody is', 'denied', administrator, 'sso:CreateTrustedTokenIssuer', '*'],
  ['… gives as the console did', 'denied', administrator, 'sso:AssociateProfile', '*'],
  ['… deletes a permission set', 'denied', administrator, 'sso:DeletePermissionSet', permissionSet],
  [
    '… takes a policy from one',
    'denied',
    administrator,
    'sso:DetachManagedPolicyFromPermissionSet',
    permissionSet,
  ],
  ['… stops the trail', 'denied', administrator, 'cloudtrail:StopLogging', here('cloudtrail', 'trail/all')],
  ['… blinds the bus', 'denied', administrator, 'events:UpdateEventBus', here('events', 'event-bus/default')],
  [
    '… changes a document of the own',
    'allowed',
    administrator,
    'ssm:UpdateDocument',
    here('ssm', 'document/patch'),
  ],
  ['… goes on with the own', 'allowed', administrator, 'sqs:PurgeQueue', here('sqs', 'orders')],
] as const)('%s: %s', async (_, expected, keys, action, resource) => {
  expect(await bothJudges({ now, keys, action, resource, owner: accessAccount })).toBe(expected);
});

/**
 * Without a document AWS takes the default one, a shell, and looks whether somebody may have it only where the policy says so.
 * https://docs.aws.amazon.com/systems-manager/latest/userguide/getting-started-specify-session-document.html
 */
describe.each(['Forge-Prod-ReadOnly', 'Forge-Prod-Database', 'Forge-Wealth-ReadOnly', 'Forge-QA-ReadOnly'])(
  '%s on a bastion',
  (set) => {
    const wealth = '333333333333';
    const keys = sessionKeys(
      identityCenterRole(wealth, found(organisation.permissionSets.find(({ name }) => name === set))),
      alex.userName,
      { person: alex },
    );
    const ask = (resource: string, checked: string) =>
      bothJudges({
        now,
        keys,
        action: 'ssm:StartSession',
        resource,
        owner: wealth,
        context: { 'ssm:resourceTag/role': 'bastion', 'ssm:SessionDocumentAccessCheck': checked },
      });
    const bastion = `arn:aws:ec2:us-east-1:${wealth}:instance/i-0123456789abcdef0`;

    it('opens no shell, with or without naming its document', async () => {
      expect(await ask(bastion, 'true')).toBe('allowed');
      expect(await ask(`arn:aws:ssm:us-east-1:${wealth}:document/SSM-SessionManagerRunShell`, 'true')).toBe(
        'denied',
      );
      expect(await ask(bastion, 'false')).toBe('denied');
    });
  },
);

/** Through bastions, to endpoints of RDS and EKS: the document says which, IAM says that it is this one. */
describe.each([
  'Forge-Prod-ReadOnly',
  'Forge-Prod-Database',
  'Forge-Prod-Kubernetes',
  'Forge-Wealth-ReadOnly',
])('%s', (name) => {
  const wealth = '333333333333';
  const set = found(organisation.permissionSets.find((one) => one.name === name));
  const keys = sessionKeys(identityCenterRole(wealth, set), alex.userName, { person: alex });
  it.each([
    ['allowed', `arn:aws:ssm:us-east-1:${wealth}:document/forge-endpoint-tunnel`],
    ['denied', 'arn:aws:ssm:us-east-1:000000000000:document/forge-endpoint-tunnel'],
    ['denied', `arn:aws:ssm:us-east-1:${wealth}:document/forge-instance-connect`],
  ])('%s: %s', async (expected, resource) => {
    const context = { 'ssm:SessionDocumentAccessCheck': 'true' };
    expect(
      await bothJudges({ now, keys, action: 'ssm:StartSession', resource, owner: wealth, context }),
    ).toBe(expected);
  });
});

/** What leaves a transcript, on what carries the tag, in its own account. */
describe('Forge-Prod-Instance', () => {
  const wealth = '333333333333';
  const keys = sessionKeys(
    identityCenterRole(
      wealth,
      found(organisation.permissionSets.find(({ name }) => name === 'Forge-Prod-Instance')),
    ),
    alex.userName,
    { person: alex },
  );
  const start = (resource: string, context: Readonly<Record<string, string>> = {}) =>
    bothJudges({
      now,
      keys,
      action: 'ssm:StartSession',
      resource,
      owner: wealth,
      context: { 'ssm:SessionDocumentAccessCheck': 'true', ...context },
    });
  const tag = { 'ssm:resourceTag/forge-access': 'break-glass' };

  it.each([
    [`arn:aws:ec2:us-east-1:${wealth}:instance/i-0123456789abcdef0`],
    [`arn:aws:ssm:us-east-1:${wealth}:managed-instance/mi-0123456789abcdef0`],
    [`arn:aws:ecs:us-east-1:${wealth}:task/shop/0123`],
  ])('opens %s with the tag, and named with its document', async (resource) => {
    expect(await start(resource, tag)).toBe('allowed');
    expect(await start(resource)).toBe('denied');
    expect(await start(resource, { 'ssm:resourceTag/forge-access': 'no' })).toBe('denied');
    expect(await start(resource, { 'ssm:resourceTag/role': 'bastion' })).toBe('denied');
    expect(await start(resource, { ...tag, 'ssm:SessionDocumentAccessCheck': 'false' })).toBe('denied');
  });

  it.each([
    ['allowed', `arn:aws:ssm:us-east-1:${wealth}:document/forge-instance-connect`],
    ['allowed', `arn:aws:ssm:eu-west-1:${wealth}:document/forge-instance-run`],
    ['allowed', `arn:aws:ssm:us-east-1:${wealth}:document/forge-instance-copy`],
    ['denied', `arn:aws:ssm:us-east-1:${wealth}:document/forge-instance-other`],
    ['denied', 'arn:aws:ssm:us-east-1:000000000000:document/forge-instance-connect'],
    ['denied', `arn:aws:ssm:us-east-1:${wealth}:document/SSM-SessionManagerRunShell`],
  ])('%s: %s', async (expected, resource) => {
    expect(await start(resource, tag)).toBe(expected);
  });
});
