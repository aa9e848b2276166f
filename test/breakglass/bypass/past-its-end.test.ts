import { CreatePolicyVersionCommand } from '@aws-sdk/client-iam';
import { DeleteGroupMembershipCommand } from '@aws-sdk/client-identitystore';
import { DescribeDBClustersCommand } from '@aws-sdk/client-rds';
import { StartExecutionCommand, StopExecutionCommand } from '@aws-sdk/client-sfn';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { encodeEnd } from '../../../src/breakglass/protocol/end.ts';
import { endKey } from '../../../src/breakglass/protocol/keys.ts';
import { revocationsArn, stateMachineArn } from '../../../src/sandbox/break-glass/arns.ts';
import { failureOf, type Keys } from '../../sandbox/clients.ts';
import { type MachineStage, minute, startMachineStage } from '../../sandbox/machine/machine-stage.ts';
import {
  approveTier1,
  databaseGroup,
  expectDenied,
  type HostileClient,
  identityStoreId,
  request,
  startHostileClient,
  wealth,
} from './hostile-client.ts';

/** What was given, after its end: memberships, keys that were issued, and what was assumed with them. */
let stage: MachineStage;
let client: HostileClient;
beforeEach(async () => {
  stage = await startMachineStage();
  client = await startHostileClient(stage.aws);
});
afterEach(() => stage[Symbol.asyncDispose]());

const role = (name: string) => `arn:aws:iam::${wealth}:role/${name}`;
const reader = () => ({ RoleArn: role('readonly-rds-access') });
const clusters = (keys: Keys) => client.aws.rds(keys).send(new DescribeDBClustersCommand({}));
const cut = 'with an explicit deny in a permissions boundary';

/** Dana is let in, on a request and a yes. */
async function letIn() {
  const id = await stage.ask('dana');
  await stage.decide('mia', id);
  const membership = await stage.admit('dana');
  await stage.settle();
  return { id, membership };
}

async function remove(keys: Keys, MembershipId: string): Promise<void> {
  await client
    .store(keys)
    .send(new DeleteGroupMembershipCommand({ IdentityStoreId: identityStoreId, MembershipId }));
  await stage.settle();
}

describe('keys of a grant', () => {
  it('and what was assumed with them are refused at once when it ends; a colleague’s are not', async () => {
    const { id } = await letIn();
    const dana = await client.keys('dana', 'Forge-Prod-Database', wealth);
    const asReader = await client.assume(dana, { ...reader(), SourceIdentity: 'dana@tapp.example' });
    const asWriter = await client.assume(dana, {
      RoleArn: role('write-rds-access'),
      SourceIdentity: 'dana@tapp.example',
    });
    const casey = await client.keys('casey', 'Forge-Wealth-ReadOnly', wealth);
    const colleague = await client.assume(casey, { ...reader(), SourceIdentity: 'casey@tapp.example' });
    for (const keys of [dana, asReader, asWriter, colleague]) await clusters(keys);

    const end = encodeEnd({
      v: 1,
      kind: 'end',
      sessionId: id,
      user: { userId: client.user('dana'), userName: 'dana@tapp.example' },
    });
    await client.write(await client.keys('dana', request), endKey(client.user('dana'), id), {
      body: new TextDecoder().decode(end),
    });
    await stage.settle();
    expect(stage.isIn('dana')).toBe(false);
    for (const keys of [dana, asReader, asWriter])
      await expectDenied(clusters(keys), 'rds:DescribeDBClusters', cut);
    await expectDenied(
      client.assume(dana, { ...reader(), SourceIdentity: 'dana@tapp.example' }),
      'sts:AssumeRole',
    );
    const anew = (await startHostileClient(stage.aws)).keys('dana', 'Forge-Prod-Database', wealth);
    expect((await failureOf(anew)).name).toBe('ForbiddenException');
    await clusters(colleague);
  });

  it('lead to no session that an end would not find: without a name, or in another’s', async () => {
    await letIn();
    const dana = await client.keys('dana', 'Forge-Prod-Database', wealth);
    const others = [undefined, 'mia@tapp.example', 'nobody', client.user('dana')];
    for (const name of ['readonly-rds-access', 'write-rds-access'])
      for (const SourceIdentity of others)
        await expectDenied(client.assume(dana, { RoleArn: role(name), SourceIdentity }), 'sts:AssumeRole');
    const chained = await client.assume(dana, { ...reader(), SourceIdentity: 'dana@tapp.example' });
    for (const SourceIdentity of [undefined, 'mia@tapp.example'])
      await expectDenied(client.assume(chained, { ...reader(), SourceIdentity }), 'sts:AssumeRole');
  });

  it('do not undo their own end, nor do an approver’s or tier 0’s', async () => {
    await letIn();
    const write = new CreatePolicyVersionCommand({
      PolicyArn: revocationsArn(wealth),
      PolicyDocument: '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}',
      SetAsDefault: true,
    });
    const emergency = await client.assume(await client.keys('sam', 'Forge-SRE-OnCall', wealth), {
      RoleArn: role('forge/Forge-Prod-Emergency'),
      SourceIdentity: client.user('sam'),
      Tags: [
        { Key: 'forge:tier', Value: '0' },
        { Key: 'forge:incident', Value: 'INC-1' },
        { Key: 'forge:reason', Value: 'Site down' },
      ],
    });
    for (const keys of [
      await client.keys('dana', 'Forge-Prod-Database', wealth),
      await client.keys('mia', approveTier1),
      emergency,
    ])
      await expectDenied(client.iam(keys).send(write), 'iam:CreatePolicyVersion');
    const cutter = await client.assume(client.handler('revoker'), {
      RoleArn: role('forge/ForgeAuditCutTail'),
    });
    await client.iam(cutter).send(write);
  });
});

describe('a membership', () => {
  it('made again by oneself after its end is refused, and by the approver without a new request ends at once', async () => {
    const dana = await client.keys('dana', request);
    await remove(dana, (await letIn()).membership);
    await expectDenied(client.add(dana, 'dana', databaseGroup), 'identitystore:CreateGroupMembership');
    const again = await stage.admit('dana');
    await stage.settle();
    expect(stage.isIn('dana')).toBe(false);
    expect(stage.kinds(`UN-${again}`)).toEqual(['open', 'revoke']);
    await letIn();
    expect(stage.isIn('dana')).toBe(true);
  });

  it('is waited for by a workflow that nobody stops, or starts in its place', async () => {
    const { membership } = await letIn();
    const executionArn = `${stateMachineArn.replace(':stateMachine:', ':execution:')}:${membership}`;
    const stop = new StopExecutionCommand({ executionArn });
    const start = new StartExecutionCommand({ stateMachineArn, name: 'x', input: '{}' });
    for (const keys of [
      await client.keys('dana', request),
      await client.keys('mia', approveTier1),
      await client.keys('alex', 'Forge-Admin'),
    ]) {
      await expectDenied(client.states(keys).send(stop), 'states:StopExecution');
      await expectDenied(client.states(keys).send(start), 'states:StartExecution');
    }
    // Who may start one starts no second of a name.
    const again = new StartExecutionCommand({ stateMachineArn, name: membership, input: '{}' });
    expect((await failureOf(client.states(client.handler('recorder')).send(again))).name).toBe(
      'ExecutionAlreadyExists',
    );
    await stage.turn(62 * minute);
    expect(stage.isIn('dana')).toBe(false);
  });
});

describe('tier 0, by AWS’s SDK alone', () => {
  it('is recorded when its event is lost too, and told', async () => {
    // Sam's own sign-in to the account, and what they do there.
    await stage.lever({ dropEvents: 2 });
    const sam = await client.keys('sam', 'Forge-SRE-OnCall', wealth);
    await client.assume(sam, {
      RoleArn: role('forge/Forge-Prod-Emergency'),
      RoleSessionName: 'sam@tapp.example',
      SourceIdentity: client.user('sam'),
      Tags: [
        { Key: 'forge:tier', Value: '0' },
        { Key: 'forge:incident', Value: 'INC-1' },
        { Key: 'forge:reason', Value: 'Site down' },
      ],
    });
    await stage.settle();
    expect(stage.sessions()).toEqual([]);
    await stage.turn(6 * minute);
    const [session = '', ...more] = stage.sessions();
    expect(session).toMatch(/^EV-/);
    expect(more).toEqual([]);
    expect(stage.kinds(session)).toEqual(['open']);
    expect(stage.said().join('\n')).toContain('broke the glass');
  });
});
