import { DeleteGroupMembershipCommand } from '@aws-sdk/client-identitystore';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { jitGroups } from '../../../src/sandbox/break-glass/jit-groups.ts';
import { accessAccount } from '../../../src/sandbox/seed-accounts.ts';
import { memberships } from '../../../src/sandbox/seed-people.ts';
import { permissionSets } from '../../../src/sandbox/seed-permission-sets.ts';
import type { Keys } from '../../sandbox/clients.ts';
import {
  approveTier1,
  approveTier2,
  databaseGroup,
  expectDenied,
  type HostileClient,
  identityStoreId,
  readOnlyGroup,
  request,
  startHostileClient,
} from './hostile-client.ts';

/** A grant is one membership: who can make one, for whom, and who can end it. */
let client: HostileClient;
beforeAll(async () => {
  client = await startHostileClient();
});
beforeEach(() => {
  members().splice(0, Number.POSITIVE_INFINITY, ...memberships());
});
afterAll(() => client[Symbol.asyncDispose]());

const create = 'identitystore:CreateGroupMembership';
const remove = 'identitystore:DeleteGroupMembership';
const members = () => client.aws.world.organisation.memberships;
const mia = () => client.keys('mia', approveTier1);
const sven = () => client.keys('sven', approveTier2);
const dana = () => client.keys('dana', request);
const end = (keys: Keys, MembershipId: string) =>
  client
    .store(keys)
    .send(new DeleteGroupMembershipCommand({ IdentityStoreId: identityStoreId, MembershipId }));

describe('letting oneself in', () => {
  it.each(jitGroups.map(({ group, tier }) => [group.name, tier] as const))(
    'into %s is for no requester, no approver and no administrator; letting a colleague in is for its approver',
    async (group, tier) => {
      const before = members().length;
      const alex = await client.keys('alex', 'Forge-Admin');
      await expectDenied(client.add(await dana(), 'dana', group), create);
      await expectDenied(client.add(await mia(), 'mia', group), create, tier === '1' ? 'explicit deny' : '');
      await expectDenied(
        client.add(await sven(), 'sven', group),
        create,
        tier === '2' ? 'explicit deny' : '',
      );
      await expectDenied(client.add(alex, 'alex', group), create, 'explicit deny');
      expect(members()).toHaveLength(before);
      await client.add(tier === '1' ? await mia() : await sven(), 'dana', group);
      expect(members()).toHaveLength(before + 1);
    },
  );

  it('is not done with the permission set that one asks with, although the same person may approve', async () => {
    await expectDenied(client.add(await client.keys('mia', request), 'mia', databaseGroup), create);
    await expectDenied(client.add(await client.keys('mia', request), 'dana', databaseGroup), create);
    await client.add(await mia(), 'dana', databaseGroup);
  });

  it('is not done by becoming an approver first', async () => {
    for (const group of [
      'grp-forge-approvers-managers',
      'grp-forge-approvers-senior',
      'grp-forge-sre-oncall',
    ]) {
      await expectDenied(client.add(await dana(), 'dana', group), create);
      await expectDenied(client.add(await mia(), 'dana', group), create);
      await expectDenied(client.add(await sven(), 'dana', group), create);
      await expectDenied(client.add(await mia(), 'mia', group), create);
    }
    await client.add(await mia(), 'dana', databaseGroup);
  });
});

describe('letting a colleague in', () => {
  it('is not for the approver of another tier, either way round', async () => {
    await expectDenied(client.add(await mia(), 'dana', readOnlyGroup), create);
    await expectDenied(client.add(await sven(), 'dana', databaseGroup), create);
    await client.add(await sven(), 'dana', readOnlyGroup);
    await client.add(await mia(), 'dana', databaseGroup);
  });

  it('is not for a requester', async () => {
    await expectDenied(client.add(await dana(), 'sven', databaseGroup), create);
    await expectDenied(client.add(await client.keys('sam', request), 'dana', databaseGroup), create);
    await client.add(await mia(), 'sven', databaseGroup);
  });

  it('is for none of the handlers', async () => {
    for (const name of ['recorder', 'revoker', 'sweeper', 'exporter'] as const)
      await expectDenied(client.add(client.handler(name), 'dana', databaseGroup), create);
    await client.add(await mia(), 'dana', databaseGroup);
  });

  it('is not done from another account', async () => {
    const elsewhere = await client.keys('dana', 'Forge-Developer', '111111111111');
    await expectDenied(client.add(elsewhere, 'dana', databaseGroup), create);
    await expectDenied(client.add(elsewhere, 'sven', databaseGroup), create);
    await client.add(await mia(), 'dana', databaseGroup);
  });
});

describe('an approver’s policy', () => {
  const trust = {
    Version: '2012-10-17',
    Statement: {
      Effect: 'Allow' as const,
      Principal: { AWS: `arn:aws:iam::${accessAccount}:root` },
      Action: ['sts:AssumeRole', 'sts:TagSession', 'sts:SetSourceIdentity'],
    },
  };
  const approving = () => permissionSets.find(({ name }) => name === approveTier1)?.policies ?? [];
  const workload = {
    account: accessAccount,
    name: 'approve-bot',
    path: '/workload/',
    id: 'AROAAPPROVEBOT234567',
  };
  const RoleArn = `arn:aws:iam::${accessAccount}:role/workload/approve-bot`;

  it('is worth nothing on a workload role, to which a chain of roles leads: it has no user id', async () => {
    client.aws.world.organisation.roles.push({
      ...workload,
      trust,
      policies: approving(),
      maxSessionSeconds: 3600,
      tags: {},
    });
    const alex = await client.keys('alex', 'Forge-Admin');
    const chained = await client.assume(alex, {
      RoleArn,
      // A tag of that name is not the key of that name.
      Tags: [{ Key: 'identitystore:UserId', Value: client.user('mia') }],
      SourceIdentity: client.user('mia'),
    });
    await expectDenied(client.add(chained, 'alex', databaseGroup), create);
    await expectDenied(client.add(chained, 'dana', databaseGroup), create);
    await expectDenied(
      client.write(chained, `decisions/tier1/BG-1/${client.user('mia')}.json`),
      's3:PutObject',
    );
    await expectDenied(client.write(chained, 'decisions/tier1/BG-1/.json'), 's3:PutObject');
    await client.add(await mia(), 'dana', databaseGroup);
  });

  it('is worth nothing on an IAM user', async () => {
    const user = {
      account: accessAccount,
      name: 'bot',
      id: 'AIDABOT2345672345672',
      tags: {},
      mfa: undefined,
      policies: approving(),
    };
    const arn = `arn:aws:iam::${accessAccount}:user/bot`;
    const keys = client.aws.world.keys.issueLongTerm({
      kind: 'user',
      account: accessAccount,
      arn,
      userId: user.id,
      mfaAt: undefined,
      user,
    });
    await expectDenied(client.add(keys, 'dana', databaseGroup), create);
    await expectDenied(client.write(keys, 'decisions/tier1/BG-1/.json'), 's3:PutObject');
    await client.add(await mia(), 'dana', databaseGroup);
  });

  it('leads to no other role', async () => {
    for (const keys of [await mia(), await sven(), await dana()]) {
      await expectDenied(client.assume(keys, { RoleArn }), 'sts:AssumeRole');
      await expectDenied(
        client.assume(keys, { RoleArn: `arn:aws:iam::${accessAccount}:role/forge-breakglass-recorder` }),
        'sts:AssumeRole',
      );
    }
  });
});

describe('a membership', () => {
  it('of a colleague is not a requester’s to end, but one’s own is', async () => {
    const membership = await client.add(await mia(), 'dana', databaseGroup);
    await expectDenied(end(await client.keys('sven', request), membership), remove);
    await expectDenied(end(await client.keys('sam', request), membership), remove);
    await end(await dana(), membership);
  });

  it('of another tier is not an approver’s to end, but one of the own tier is', async () => {
    const membership = await client.add(await mia(), 'dana', databaseGroup);
    await expectDenied(end(await sven(), membership), remove);
    await end(await mia(), membership);
  });

  it('of the team is nobody’s to end here', async () => {
    const team = members().find(({ userId }) => userId === client.user('dana'))?.id ?? '';
    for (const keys of [
      await dana(),
      await mia(),
      await sven(),
      client.handler('revoker'),
      client.handler('sweeper'),
    ])
      await expectDenied(end(keys, team), remove);
    await end(client.handler('revoker'), await client.add(await mia(), 'dana', databaseGroup));
  });

  it('that ended is not made again by who had it', async () => {
    await end(await dana(), await client.add(await mia(), 'dana', databaseGroup));
    await expectDenied(client.add(await dana(), 'dana', databaseGroup), create);
    await client.add(await mia(), 'dana', databaseGroup);
  });
});
