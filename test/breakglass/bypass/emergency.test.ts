import { DescribeDBClustersCommand } from '@aws-sdk/client-rds';
import type { AssumeRoleCommandInput, Tag } from '@aws-sdk/client-sts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { emergencyUseFromEvent } from '../../../src/breakglass/protocol/emergency-use.ts';
import { trailEvents } from '../../../src/sandbox/machine/trail.ts';
import { failureOf, type Keys } from '../../sandbox/clients.ts';
import {
  approveTier1,
  databaseGroup,
  expectDenied,
  type HostileClient,
  startHostileClient,
  wealth,
} from './hostile-client.ts';

/** Tier 0's role: who, why and for which incident is in the call, or there is no call; and each try is in the trail. */
let client: HostileClient;
let sam: Keys;
beforeAll(async () => {
  client = await startHostileClient();
  sam = await client.keys('sam', 'Forge-SRE-OnCall', wealth);
});
afterAll(() => client[Symbol.asyncDispose]());

const cash = '444444444444';
const emergencyIn = (account: string) => `arn:aws:iam::${account}:role/forge/Forge-Prod-Emergency`;
const tags = (change: Readonly<Record<string, string | undefined>> = {}): Tag[] =>
  Object.entries({
    'forge:tier': '0',
    'forge:incident': 'INC-1',
    'forge:reason': 'Site down',
    ...change,
  }).flatMap(([Key, Value]) => (Value === undefined ? [] : [{ Key, Value }]));
const honest = (): Partial<AssumeRoleCommandInput> => ({
  RoleArn: emergencyIn(wealth),
  RoleSessionName: 'sam@tapp.example',
  SourceIdentity: client.user('sam'),
  DurationSeconds: 3600,
  Tags: tags(),
});
const clusters = (keys: Keys) => client.aws.rds(keys).send(new DescribeDBClustersCommand({}));
/** The last try, as the recorder reads it. */
const lastUse = () => {
  const event = client.aws.world.events.all().findLast(({ name }) => name === 'AssumeRole');
  return event && emergencyUseFromEvent(trailEvents(event)[0]);
};
const assumeRole = 'sts:AssumeRole';

type Change = readonly [name: string, change: () => Partial<AssumeRoleCommandInput>, action: string];
const changes: readonly Change[] = [
  ['without SourceIdentity', () => ({ SourceIdentity: undefined }), assumeRole],
  ['as a colleague', () => ({ SourceIdentity: client.user('mia') }), assumeRole],
  ['by one’s name instead of one’s id', () => ({ SourceIdentity: 'sam@tapp.example' }), assumeRole],
  ['without tags', () => ({ Tags: undefined }), assumeRole],
  ['without a tier', () => ({ Tags: tags({ 'forge:tier': undefined }) }), assumeRole],
  ['as tier 1', () => ({ Tags: tags({ 'forge:tier': '1' }) }), assumeRole],
  ['without an incident', () => ({ Tags: tags({ 'forge:incident': undefined }) }), assumeRole],
  ['with an empty incident', () => ({ Tags: tags({ 'forge:incident': '' }) }), assumeRole],
  ['without a reason', () => ({ Tags: tags({ 'forge:reason': undefined }) }), assumeRole],
  ['with an empty reason', () => ({ Tags: tags({ 'forge:reason': '' }) }), assumeRole],
  ['with a tag of one’s own', () => ({ Tags: tags({ team: 'sre' }) }), 'sts:TagSession'],
  [
    'with a tag that passes for a user id',
    () => ({ Tags: tags({ 'identitystore:UserId': client.user('mia') }) }),
    'sts:TagSession',
  ],
];

describe('the emergency role', () => {
  it.each(changes)('%s: is refused by AWS, and the try is in the trail', async (_, change, action) => {
    await expectDenied(client.assume(sam, { ...honest(), ...change() }), action);
    expect(lastUse()).toMatchObject({ denied: true, roleArn: emergencyIn(wealth) });
    await clusters(await client.assume(sam, honest()));
    expect(lastUse()).toMatchObject({ denied: false, sourceIdentity: client.user('sam') });
  });

  it.each(['ap-southeast-1', 'eu-west-1', 'us-east-2'])(
    'through %s, where nobody watches: is refused',
    async (elsewhere) => {
      await expectDenied(client.assume(sam, honest(), elsewhere), assumeRole);
      await client.assume(sam, honest(), 'us-east-1');
    },
  );

  it('for more than an hour: is refused, and an hour is the longest', async () => {
    for (const DurationSeconds of [3601, 7200, 43_200]) {
      expect(await failureOf(client.assume(sam, { ...honest(), DurationSeconds }))).toMatchObject({
        name: 'ValidationError',
        message: expect.stringContaining('exceeds the 1 hour session limit'),
      });
    }
    const keys = await client.assume(sam, honest());
    client.aws.world.setClockOffset(3601_000);
    expect((await failureOf(clusters(keys))).name).toBe('ExpiredToken');
    client.aws.world.setClockOffset(0);
  });

  it('with nothing but being on call: not as developer, administrator, approver, or on call elsewhere', async () => {
    const others: readonly (readonly [Keys, string])[] = [
      [await client.keys('dana', 'Forge-Developer', '111111111111'), 'dana'],
      [await client.keys('sam', 'Forge-SRE', '111111111111'), 'sam'],
      [await client.keys('sam', 'Forge-BreakGlass-Request'), 'sam'],
      [await client.keys('mia', approveTier1), 'mia'],
      [await client.keys('alex', 'Forge-Admin', wealth), 'alex'],
      [await client.keys('alex', 'Forge-Admin'), 'alex'],
      [await client.keys('casey', 'Forge-Wealth-ReadOnly', wealth), 'casey'],
      [await client.keys('sam', 'Forge-SRE-OnCall', cash), 'sam'],
    ];
    for (const [keys, person] of others) {
      await expectDenied(
        client.assume(keys, { ...honest(), SourceIdentity: client.user(person) }),
        assumeRole,
      );
    }
    await client.assume(sam, honest());
  });

  it('with a grant of tier 1: does not lead to tier 0', async () => {
    await client.add(await client.keys('mia', approveTier1), 'dana', databaseGroup);
    const dana = await client.keys('dana', 'Forge-Prod-Database', wealth);
    await clusters(dana);
    await expectDenied(client.assume(dana, { ...honest(), SourceIdentity: client.user('dana') }), assumeRole);
  });

  it('with the keys of an IAM user: has no user id, whatever it says', async () => {
    const ci = client.aws.world.keys.all().filter(({ principal }) => principal.kind === 'user');
    expect(ci.length).toBeGreaterThan(0);
    for (const keys of ci) await expectDenied(client.assume(keys, honest()), assumeRole);
    await client.assume(sam, honest());
  });
});

describe('from the emergency role', () => {
  let keys: Keys;
  beforeAll(async () => {
    keys = await client.assume(sam, honest());
  });

  it('no longer life is made of it: not itself again, not the same in another account', async () => {
    await expectDenied(client.assume(keys, honest()), assumeRole);
    await expectDenied(client.assume(keys, { ...honest(), RoleArn: emergencyIn(cash) }), assumeRole);
    await clusters(keys);
  });

  it('nobody becomes a program’s role, which no end refuses, though that trusts its whole account', async () => {
    const { roles } = client.aws.world.organisation;
    const database = roles.find(({ account, name }) => account === wealth && name === 'write-rds-access');
    if (database === undefined) throw new Error('no role');
    const { boundary: _, ...unbounded } = database;
    roles.push({
      ...unbounded,
      name: 'billing-worker',
      id: 'AROABILLINGWORKER0001',
      trust: {
        Version: '2012-10-17',
        Statement: {
          Effect: 'Allow',
          Principal: { AWS: `arn:aws:iam::${wealth}:root` },
          Action: ['sts:AssumeRole', 'sts:SetSourceIdentity', 'sts:TagSession'],
        },
      },
    });
    const RoleArn = `arn:aws:iam::${wealth}:role/billing-worker`;
    await expectDenied(client.assume(keys, { RoleArn }), assumeRole);
    await client.assume(keys, { RoleArn: `arn:aws:iam::${wealth}:role/write-rds-access` });
    await client.assume(await client.keys('alex', 'Forge-Admin', wealth), { RoleArn });
  });

  it('nobody goes on as somebody else', async () => {
    const RoleArn = `arn:aws:iam::${wealth}:role/write-rds-access`;
    for (const SourceIdentity of [client.user('mia'), 'mia@tapp.example'])
      await expectDenied(client.assume(keys, { RoleArn, SourceIdentity }), 'sts:SetSourceIdentity');
    await clusters(await client.assume(keys, { RoleArn, SourceIdentity: client.user('sam') }));
    // Not saying it changes nothing: it stays.
    await client.assume(keys, { RoleArn });
    expect(client.aws.world.events.all().findLast(({ name }) => name === 'AssumeRole')).toMatchObject({
      response: { sourceIdentity: client.user('sam') },
    });
  });

  it('nobody becomes what watches or cuts', async () => {
    for (const role of ['forge/ForgeAuditCutTail', 'forge/ForgeAuditRead'])
      await expectDenied(client.assume(keys, { RoleArn: `arn:aws:iam::${wealth}:role/${role}` }), assumeRole);
    for (const name of ['recorder', 'revoker', 'sweeper', 'exporter'])
      await expectDenied(
        client.assume(keys, { RoleArn: `arn:aws:iam::999999999999:role/forge-breakglass-${name}` }),
        assumeRole,
      );
    await client.assume(client.handler('revoker'), {
      RoleArn: `arn:aws:iam::${wealth}:role/forge/ForgeAuditCutTail`,
    });
  });
});
