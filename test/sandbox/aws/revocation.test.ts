import {
  CreatePolicyVersionCommand,
  DeletePolicyVersionCommand,
  GetPolicyCommand,
  GetPolicyVersionCommand,
  IAMClient,
  ListPolicyVersionsCommand,
} from '@aws-sdk/client-iam';
import { CreateGroupMembershipCommand, IdentitystoreClient } from '@aws-sdk/client-identitystore';
import { DescribeDBClustersCommand } from '@aws-sdk/client-rds';
import { AssumeRoleCommand, type AssumeRoleCommandInput, STSClient } from '@aws-sdk/client-sts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { boundaryDocument } from '../../../src/breakglass/protocol/boundary.ts';
import { emergencyUseFromEvent } from '../../../src/breakglass/protocol/emergency-use.ts';
import { revocationsArn } from '../../../src/sandbox/break-glass/arns.ts';
import { serviceKeys } from '../../../src/sandbox/break-glass/service-keys.ts';
import { type AwsStage, credentialsOf, failureOf, type Keys, startAwsStage } from '../clients.ts';
import { groupId, personId, personKeys } from './person-keys.ts';

const wealth = '333333333333';
const PolicyArn = revocationsArn(wealth);

let stage: AwsStage;
beforeEach(async () => {
  stage = await startAwsStage();
});
afterEach(() => stage[Symbol.asyncDispose]());

const config = (keys: Keys, region = 'us-east-1') => ({
  endpoint: stage.endpoint.url,
  region,
  maxAttempts: 1,
  credentials: credentialsOf(keys),
});

async function assume(keys: Keys, input: Partial<AssumeRoleCommandInput>, region?: string): Promise<Keys> {
  const { Credentials } = await new STSClient(config(keys, region)).send(
    new AssumeRoleCommand({ RoleSessionName: 'somebody', RoleArn: '', ...input }),
  );
  const { AccessKeyId = '', SecretAccessKey = '', SessionToken } = Credentials ?? {};
  return { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: SessionToken };
}

const forgeRole = (name: string) => `arn:aws:iam::${wealth}:role/forge/${name}`;
const cutter = async () =>
  new IAMClient(
    config(
      await assume(serviceKeys(stage.world, 'forge-breakglass-revoker'), {
        RoleArn: forgeRole('ForgeAuditCutTail'),
      }),
    ),
  );
const write = (PolicyDocument: string) =>
  new CreatePolicyVersionCommand({ PolicyArn, PolicyDocument, SetAsDefault: true });
const clusters = (keys: Keys) => stage.rds(keys).send(new DescribeDBClustersCommand({}));

describe('what break-glass gave', () => {
  it('ends at once for keys that were issued before, and for nobody else', async () => {
    const mia = new IdentitystoreClient(
      config(await personKeys(stage, 'mia', 'Forge-BreakGlass-Approve-tier1')),
    );
    for (const person of ['dana', 'sven']) {
      await mia.send(
        new CreateGroupMembershipCommand({
          IdentityStoreId: 'd-9067f7c0de',
          GroupId: groupId(stage, 'grp-forge-jit-tier1-database-prod-wealth'),
          MemberId: { UserId: personId(stage, person) },
        }),
      );
    }
    const dana = await personKeys(stage, 'dana', 'Forge-Prod-Database', wealth);
    const sven = await personKeys(stage, 'sven', 'Forge-Prod-Database', wealth);
    await Promise.all([clusters(dana), clusters(sven)]);
    const iam = await cutter();
    // Token issue times are whole seconds.
    const now = Math.ceil(stage.world.now() / 1000) * 1000;
    await iam.send(write(boundaryDocument([{ who: personId(stage, 'dana'), at: now }], now)));
    expect(await failureOf(clusters(dana))).toMatchObject({
      name: 'AccessDenied',
      message: expect.stringContaining('explicit deny in a permissions boundary'),
    });
    await clusters(sven);
    stage.world.setClockOffset(now + 1000 - Date.now());
    await clusters(await personKeys(stage, 'dana', 'Forge-Prod-Database', wealth));
  });

  it('ends on the way too: what was assumed from there has no user id, but the name of the person and a boundary', async () => {
    const keys = await personKeys(stage, 'casey', 'Forge-Wealth-ReadOnly', wealth);
    const RoleArn = `arn:aws:iam::${wealth}:role/readonly-rds-access`;
    for (const SourceIdentity of [undefined, 'dana@tapp.example', personId(stage, 'casey')])
      expect((await failureOf(assume(keys, { RoleArn, SourceIdentity }))).name).toBe('AccessDenied');
    const database = await assume(keys, { RoleArn, SourceIdentity: 'casey@tapp.example' });
    await clusters(database);
    const iam = await cutter();
    const now = Math.ceil(stage.world.now() / 1000) * 1000;
    await iam.send(write(boundaryDocument([{ who: personId(stage, 'casey'), at: now }], now)));
    await clusters(database);
    await iam.send(write(boundaryDocument([{ who: 'casey@tapp.example', at: now }], now)));
    expect((await failureOf(clusters(database))).name).toBe('AccessDenied');
    await iam.send(write(boundaryDocument([], now)));
    await clusters(database);
    await iam.send(write(boundaryDocument([{ who: '*', at: now }], now)));
    expect((await failureOf(clusters(database))).name).toBe('AccessDenied');
    // Standing access of one's own is not break-glass.
    await clusters(keys);
  });

  it('is written in five versions at most, of 6144 characters', async () => {
    const iam = await cutter();
    const nobody = boundaryDocument([], stage.world.now());
    for (let version = 2; version <= 5; version++) await iam.send(write(nobody));
    expect((await failureOf(iam.send(write(nobody)))).name).toBe('LimitExceededException');
    const { Versions = [] } = await iam.send(new ListPolicyVersionsCommand({ PolicyArn }));
    expect(Versions.map(({ VersionId, IsDefaultVersion }) => [VersionId, IsDefaultVersion])).toEqual([
      ['v5', true],
      ['v4', false],
      ['v3', false],
      ['v2', false],
      ['v1', false],
    ]);
    const remove = (VersionId: string) => iam.send(new DeletePolicyVersionCommand({ PolicyArn, VersionId }));
    expect((await failureOf(remove('v5'))).name).toBe('DeleteConflictException');
    await remove('v1');
    expect((await failureOf(remove('v1'))).name).toBe('NoSuchEntityException');
    const { PolicyVersion } = await iam.send(write(`${nobody}${' '.repeat(7000)}`));
    expect(PolicyVersion).toMatchObject({ VersionId: 'v6', IsDefaultVersion: true });
    const { Policy } = await iam.send(new GetPolicyCommand({ PolicyArn }));
    expect(Policy).toMatchObject({
      DefaultVersionId: 'v6',
      Path: '/forge/',
      PermissionsBoundaryUsageCount: 9,
    });
    const read = await iam.send(new GetPolicyVersionCommand({ PolicyArn, VersionId: 'v5' }));
    expect(decodeURIComponent(read.PolicyVersion?.Document ?? '')).toBe(nobody);
    await remove('v2');
    const long = nobody.replace('"Statement"', `"Id":"${'x'.repeat(6200)}","Statement"`);
    expect((await failureOf(iam.send(write(long)))).name).toBe('LimitExceededException');
    expect((await failureOf(iam.send(write('{}')))).name).toBe('MalformedPolicyDocumentException');
  });

  it('is cut by the revoker and the sweeper alone', async () => {
    for (const [person, set] of [
      ['alex', 'Forge-Admin'],
      ['bo', 'Forge-DataAnalyst'],
    ] as const) {
      const iam = new IAMClient(config(await personKeys(stage, person, set, wealth)));
      expect((await failureOf(iam.send(write('{}')))).name).toBe('AccessDenied');
    }
    const recorder = serviceKeys(stage.world, 'forge-breakglass-recorder');
    const become = assume(recorder, { RoleArn: forgeRole('ForgeAuditCutTail') });
    expect((await failureOf(become)).name).toBe('AccessDenied');
  });
});

describe('tier 0', () => {
  const tags = (more: Readonly<Record<string, string>> = {}) =>
    Object.entries({
      'forge:tier': '0',
      'forge:incident': 'INC-1',
      'forge:reason': 'Site down',
      ...more,
    }).map(([Key, Value]) => ({ Key, Value }));
  const honest = (): Partial<AssumeRoleCommandInput> => ({
    RoleArn: forgeRole('Forge-Prod-Emergency'),
    RoleSessionName: 'sam@tapp.example',
    SourceIdentity: personId(stage, 'sam'),
    DurationSeconds: 3600,
    Tags: tags(),
    TransitiveTagKeys: ['forge:tier', 'forge:incident'],
  });
  const sam = () => personKeys(stage, 'sam', 'Forge-SRE-OnCall', wealth);

  it('opens to who says who, why and for which incident, and is in the trail as CloudTrail writes it', async () => {
    const keys = await assume(await sam(), honest());
    await clusters(keys);
    const event = stage.world.events.all().findLast(({ name }) => name === 'AssumeRole');
    expect(event).toMatchObject({
      service: 'sts',
      region: 'us-east-1',
      account: wealth,
      resources: [{ type: 'AWS::IAM::Role', ARN: forgeRole('Forge-Prod-Emergency'), accountId: wealth }],
    });
    const use = emergencyUseFromEvent({
      eventVersion: '1.09',
      eventID: event?.eventId,
      eventTime: new Date(Math.floor((event?.time ?? 0) / 1000) * 1000).toISOString(),
      eventSource: 'sts.amazonaws.com',
      eventName: event?.name,
      awsRegion: event?.region,
      userIdentity: event?.identity,
      requestParameters: event?.parameters,
      responseElements: event?.response,
    });
    expect(use).toMatchObject({
      accessKeyId: keys.accessKeyId,
      sourceIdentity: personId(stage, 'sam'),
      tags: new Map([
        ['forge:tier', '0'],
        ['forge:incident', 'INC-1'],
        ['forge:reason', 'Site down'],
      ]),
      denied: false,
    });
  });

  it('leads on to the databases under the same SourceIdentity only', async () => {
    const keys = await assume(await sam(), honest());
    const RoleArn = `arn:aws:iam::${wealth}:role/write-rds-access`;
    await assume(keys, { RoleArn });
    const other = assume(keys, { RoleArn, SourceIdentity: personId(stage, 'mia') });
    expect((await failureOf(other)).name).toBe('AccessDenied');
  });

  it.each<[string, () => Partial<AssumeRoleCommandInput>, string?]>([
    ['another’s id', () => ({ SourceIdentity: personId(stage, 'mia') })],
    ['no id', () => ({ SourceIdentity: undefined })],
    ['no tags', () => ({ Tags: [], TransitiveTagKeys: [] })],
    ['another tier', () => ({ Tags: tags({ 'forge:tier': '2' }) })],
    ['an empty reason', () => ({ Tags: tags({ 'forge:reason': '' }) })],
    ['a tag of its own', () => ({ Tags: tags({ team: 'x' }) })],
    ['another region', () => ({}), 'ap-southeast-1'],
  ])('is denied to %s', async (_name, change, region) => {
    const attempt = assume(await sam(), { ...honest(), ...change() }, region);
    expect((await failureOf(attempt)).name).toBe('AccessDenied');
    expect(stage.world.events.all().at(-1)).toMatchObject({ name: 'AssumeRole', errorCode: 'AccessDenied' });
  });
});
