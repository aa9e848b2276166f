import { CloudTrailClient, LookupEventsCommand } from '@aws-sdk/client-cloudtrail';
import {
  DescribeExecutionCommand,
  ListExecutionsCommand,
  SFNClient,
  StartExecutionCommand,
  StopExecutionCommand,
} from '@aws-sdk/client-sfn';
import { AssumeRoleCommand, GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { stateMachineArn } from '../../../src/sandbox/break-glass/arns.ts';
import { personKeys } from '../aws/person-keys.ts';
import { type AwsStage, credentialsOf, failureOf, type Keys, startAwsStage } from '../clients.ts';

let stage: AwsStage;
beforeEach(async () => {
  stage = await startAwsStage();
});
afterEach(() => stage[Symbol.asyncDispose]());

const config = (keys: Keys) => ({
  endpoint: stage.endpoint.url,
  region: 'us-east-1',
  maxAttempts: 1,
  credentials: credentialsOf(keys),
});

/** What Lambda gives the sweeper. */
function sweeper(): Keys {
  const role = stage.world.organisation.roles.find(({ name }) => name === 'forge-breakglass-sweeper');
  if (role === undefined) throw new Error('no role');
  return stage.world.keys.issueTemporary(
    {
      kind: 'role',
      account: role.account,
      arn: `arn:aws:sts::${role.account}:assumed-role/${role.name}/sweeper`,
      userId: `${role.id}:sweeper`,
      mfaAt: undefined,
      role,
      sessionName: 'sweeper',
      sourceIdentity: undefined,
      tags: {},
      transitiveTagKeys: [],
      sessionPolicies: [],
      person: undefined,
    },
    3600,
  );
}

describe('Step Functions', () => {
  it('has one execution of a name, says what it was given, and lists it', async () => {
    const sfn = new SFNClient(config(sweeper()));
    const start = (input: string) =>
      sfn.send(new StartExecutionCommand({ stateMachineArn, name: 'one', input }));
    const { executionArn } = await start('{"trigger":"resume","session":"x"}');
    expect(await failureOf(start('{"other":1}'))).toMatchObject({ name: 'ExecutionAlreadyExists' });
    // Without handlers every task fails, and is tried again.
    expect(await sfn.send(new DescribeExecutionCommand({ executionArn }))).toMatchObject({
      status: 'RUNNING',
      input: '{"trigger":"resume","session":"x"}',
    });
    const { executions } = await sfn.send(
      new ListExecutionsCommand({ stateMachineArn, statusFilter: 'RUNNING' }),
    );
    expect(executions).toMatchObject([{ name: 'one', executionArn }]);
    expect(
      (await sfn.send(new ListExecutionsCommand({ stateMachineArn, statusFilter: 'FAILED' }))).executions,
    ).toEqual([]);
  });

  it('is stopped by nobody who administers, and started by nobody who develops', async () => {
    const admin = new SFNClient(config(await personKeys(stage, 'alex', 'Forge-Admin')));
    const { executionArn } = await new SFNClient(config(sweeper())).send(
      new StartExecutionCommand({ stateMachineArn, name: 'one' }),
    );
    expect(await failureOf(admin.send(new StopExecutionCommand({ executionArn })))).toMatchObject({
      name: 'AccessDeniedException',
    });
    const dana = new SFNClient(config(await personKeys(stage, 'dana', 'Forge-BreakGlass-Request')));
    const denied = await failureOf(dana.send(new StartExecutionCommand({ stateMachineArn, name: 'two' })));
    expect(denied.name).toBe('AccessDeniedException');
  });

  it.each([
    [{ name: 'a b' }, 'InvalidName'],
    [{ name: 'a', input: 'nonsense' }, 'InvalidExecutionInput'],
    [{ name: 'a', stateMachineArn: `${stateMachineArn}x` }, 'AccessDeniedException'],
  ])('refuses %j', async (fields, name) => {
    const sfn = new SFNClient(config(sweeper()));
    const command = new StartExecutionCommand({ stateMachineArn, ...fields });
    expect(await failureOf(sfn.send(command))).toMatchObject({ name });
  });
});

describe('CloudTrail', () => {
  it('finds events by key, name and resource, in pages, newest first; a third call in a second is too much', async () => {
    const keys = await personKeys(stage, 'sam', 'Forge-SRE-OnCall', '333333333333');
    const sts = stage.sts(keys);
    for (let call = 0; call < 51; call++) await sts.send(new GetCallerIdentityCommand({}));
    const RoleArn = 'arn:aws:iam::333333333333:role/forge/Forge-Prod-Emergency';
    await failureOf(sts.send(new AssumeRoleCommand({ RoleArn, RoleSessionName: 'sam' })));
    // Who exports becomes a role that may look; an administrator of the account may, too.
    const looker = await personKeys(stage, 'alex', 'Forge-Admin', '333333333333');
    const trail = new CloudTrailClient(config(looker));
    const look = (
      AttributeKey: 'AccessKeyId' | 'Username' | 'ResourceName',
      AttributeValue: string,
      NextToken?: string,
    ) =>
      trail.send(
        new LookupEventsCommand({ LookupAttributes: [{ AttributeKey, AttributeValue }], NextToken }),
      );
    const first = await look('AccessKeyId', keys.accessKeyId);
    expect(first.Events).toHaveLength(50);
    expect(first.Events?.[0]).toMatchObject({ EventName: 'AssumeRole', Username: 'sam@tapp.example' });
    const second = await look('AccessKeyId', keys.accessKeyId, first.NextToken);
    // 51, the one that was denied, and that of the keys' issue.
    expect(second.Events).toHaveLength(3);
    expect(second.NextToken).toBeUndefined();
    expect(await failureOf(look('Username', 'sam@tapp.example'))).toMatchObject({
      name: 'ThrottlingException',
    });
    stage.world.setClockOffset(2_000);
    const [denied] = (await look('ResourceName', RoleArn)).Events ?? [];
    expect(JSON.parse(denied?.CloudTrailEvent ?? '{}')).toMatchObject({
      eventSource: 'sts.amazonaws.com',
      errorCode: 'AccessDenied',
      requestParameters: { roleArn: RoleArn },
      recipientAccountId: '333333333333',
      userIdentity: { onBehalfOf: { userId: expect.any(String) } },
    });
    expect(await failureOf(look('Username', 'x', first.NextToken))).toMatchObject({
      name: 'InvalidNextToken',
    });
  });
});
