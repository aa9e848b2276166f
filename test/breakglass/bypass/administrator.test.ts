import {
  CreatePolicyVersionCommand,
  DeletePolicyVersionCommand,
  GetPolicyCommand,
} from '@aws-sdk/client-iam';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { boundaryDocument } from '../../../src/breakglass/protocol/boundary.ts';
import { handlerRoleArn, revocationsArn, stateMachineArn } from '../../../src/sandbox/break-glass/arns.ts';
import { accessAccount, region } from '../../../src/sandbox/seed-accounts.ts';
import type { Keys } from '../../sandbox/clients.ts';
import { expectDenied, type HostileClient, startHostileClient, wealth } from './hostile-client.ts';

/**
 * Alex may do anything else. What the sandbox has no API for is judged by the policies alone, for the very keys: the
 * guarded resource is refused by an explicit deny, and beside it the same action on another one is allowed.
 */
let client: HostileClient;
let access: Keys;
let production: Keys;
beforeAll(async () => {
  client = await startHostileClient();
  access = await client.keys('alex', 'Forge-Admin');
  production = await client.keys('alex', 'Forge-Admin', wealth);
});
afterAll(() => client[Symbol.asyncDispose]());

function judged(keys: Keys, action: string, resource: string): string {
  const { world } = client.aws;
  const decision = world.authorize(
    world.keys.find(keys.accessKeyId) ?? expect.fail('no such keys'),
    action,
    resource,
  );
  return decision.allowed ? 'allowed' : decision.because;
}
const explicitly = 'with an explicit deny in an identity-based policy';

const lambda = (name: string) => `arn:aws:lambda:${region}:${accessAccount}:function:${name}`;
const rule = (name: string) => `arn:aws:events:${region}:${accessAccount}:rule/${name}`;
const schedule = (name: string) => `arn:aws:scheduler:${region}:${accessAccount}:schedule/default/${name}`;
const machine = (name: string) => stateMachineArn.replace('forge-breakglass-session', name);
const execution = (name: string) => `${machine(name).replace(':stateMachine:', ':execution:')}:x`;

type Guarded = readonly [actions: readonly string[], guarded: string, other: string];
const table: readonly Guarded[] = [
  [
    [
      'lambda:UpdateFunctionCode',
      'lambda:UpdateFunctionConfiguration',
      'lambda:DeleteFunction',
      'lambda:DeleteFunctionEventInvokeConfig',
      'lambda:AddPermission',
      'lambda:RemovePermission',
      'lambda:PutFunctionConcurrency',
      'lambda:InvokeFunction',
    ],
    lambda('forge-breakglass-revoker'),
    lambda('reports'),
  ],
  [
    ['states:UpdateStateMachine', 'states:DeleteStateMachine', 'states:StartExecution'],
    machine('forge-breakglass-session'),
    machine('reports'),
  ],
  [
    ['states:StopExecution', 'states:RedriveExecution'],
    execution('forge-breakglass-session'),
    execution('reports'),
  ],
  [
    [
      'events:DisableRule',
      'events:DeleteRule',
      'events:PutRule',
      'events:PutTargets',
      'events:RemoveTargets',
    ],
    rule('forge-breakglass-grants'),
    rule('reports'),
  ],
  [
    ['scheduler:UpdateSchedule', 'scheduler:DeleteSchedule'],
    schedule('forge-breakglass-sweep'),
    schedule('reports'),
  ],
  [
    [
      'iam:PassRole',
      'iam:UpdateAssumeRolePolicy',
      'iam:PutRolePolicy',
      'iam:AttachRolePolicy',
      'iam:DeleteRolePolicy',
      'iam:DeleteRole',
    ],
    handlerRoleArn('recorder'),
    `arn:aws:iam::${accessAccount}:role/reports`,
  ],
];

const cases = table.flatMap(([actions, guarded, other]) =>
  actions.map((action) => [action, guarded, other] as const),
);

describe('an administrator of the access account', () => {
  it.each(cases)('%s on %s: is refused; on %s it is not', (action, guarded, other) => {
    expect(judged(access, action, guarded)).toBe(explicitly);
    expect(judged(access, action, other)).toBe('allowed');
  });

  it.each([
    'sso:CreateAccountAssignment',
    'sso:PutInlinePolicyToPermissionSet',
    'sso:AttachManagedPolicyToPermissionSet',
    'sso:AttachCustomerManagedPolicyReferenceToPermissionSet',
    'sso:DeletePermissionsBoundaryFromPermissionSet',
    'sso:PutPermissionsBoundaryToPermissionSet',
    'sso:UpdatePermissionSet',
  ])('%s: is refused, wherever; looking is not', (action) => {
    const instance = 'arn:aws:sso:::instance/ssoins-1';
    expect(judged(access, action, instance)).toBe(explicitly);
    expect(judged(access, 'sso:ListAccountAssignments', instance)).toBe('allowed');
  });

  it('becomes none of the handlers', async () => {
    for (const name of ['recorder', 'revoker', 'sweeper', 'exporter'] as const)
      await expectDenied(client.assume(access, { RoleArn: handlerRoleArn(name) }), 'sts:AssumeRole');
  });
});

describe('an administrator of production', () => {
  const PolicyArn = revocationsArn(wealth);
  const PolicyDocument = boundaryDocument([], Date.now());

  it('writes no boundary and takes none away; whoever cuts does', async () => {
    const iam = client.iam(production);
    const write = new CreatePolicyVersionCommand({ PolicyArn, PolicyDocument, SetAsDefault: true });
    await expectDenied(iam.send(write), 'iam:CreatePolicyVersion', explicitly);
    const cutter = await client.assume(client.handler('revoker'), {
      RoleArn: `arn:aws:iam::${wealth}:role/forge/ForgeAuditCutTail`,
    });
    await client.iam(cutter).send(write);
    const remove = new DeletePolicyVersionCommand({ PolicyArn, VersionId: 'v1' });
    await expectDenied(iam.send(remove), 'iam:DeletePolicyVersion', explicitly);
    expect((await iam.send(new GetPolicyCommand({ PolicyArn }))).Policy?.DefaultVersionId).toBe('v2');
    await client.iam(cutter).send(remove);
  });

  it.each([
    'iam:DeleteRolePermissionsBoundary',
    'iam:PutRolePermissionsBoundary',
    'iam:DetachRolePolicy',
    'iam:PutRolePolicy',
    'iam:UpdateAssumeRolePolicy',
    'iam:DeleteRole',
    'iam:TagRole',
  ])('%s on tier 0’s role: is refused; on another it is not', (action) => {
    expect(judged(production, action, `arn:aws:iam::${wealth}:role/forge/Forge-Prod-Emergency`)).toBe(
      explicitly,
    );
    expect(judged(production, action, `arn:aws:iam::${wealth}:role/reports`)).toBe('allowed');
  });

  it('becomes none of those that cut and read', async () => {
    for (const name of ['ForgeAuditCutTail', 'ForgeAuditRead', 'Forge-Prod-Emergency'])
      await expectDenied(
        client.assume(production, { RoleArn: `arn:aws:iam::${wealth}:role/forge/${name}` }),
        'sts:AssumeRole',
      );
  });
});
