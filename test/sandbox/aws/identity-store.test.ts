import {
  CreateGroupMembershipCommand,
  DeleteGroupMembershipCommand,
  DescribeGroupCommand,
  DescribeGroupMembershipCommand,
  DescribeUserCommand,
  GetGroupIdCommand,
  GetGroupMembershipIdCommand,
  GetUserIdCommand,
  IdentitystoreClient,
  IsMemberInGroupsCommand,
  ListGroupMembershipsCommand,
  ListGroupMembershipsForMemberCommand,
  ListGroupsCommand,
  ListUsersCommand,
} from '@aws-sdk/client-identitystore';
import { ListAccountRolesCommand, ListAccountsCommand } from '@aws-sdk/client-sso';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type AwsStage, credentialsOf, failureOf, type Keys, startAwsStage } from '../clients.ts';
import { groupId, personId, personKeys, roleKeys } from './person-keys.ts';

const IdentityStoreId = 'd-9067f7c0de';
const wealth = '333333333333';
const databaseGroup = 'grp-forge-jit-tier1-database-prod-wealth';
const readOnlyGroup = 'grp-forge-jit-tier2-read-only-prod-wealth';

let stage: AwsStage;
beforeEach(async () => {
  stage = await startAwsStage();
});
afterEach(() => stage[Symbol.asyncDispose]());

const store = (keys: Keys, region = 'us-east-1') =>
  new IdentitystoreClient({
    endpoint: stage.endpoint.url,
    region,
    maxAttempts: 1,
    credentials: credentialsOf(keys),
  });
const approver = () => personKeys(stage, 'mia', 'Forge-BreakGlass-Approve-tier1');
const requester = (person = 'dana') => personKeys(stage, person, 'Forge-BreakGlass-Request');
const admin = () => personKeys(stage, 'alex', 'Forge-Admin');
const add = (person: string, group = databaseGroup) =>
  new CreateGroupMembershipCommand({
    IdentityStoreId,
    GroupId: groupId(stage, group),
    MemberId: { UserId: personId(stage, person) },
  });

describe('a membership', () => {
  it('is what opens production, and ending it closes it; keys given meanwhile live on', async () => {
    const { accessToken } = await stage.signIn('dana');
    const inWealth = () => roleKeys(stage, accessToken, 'Forge-Prod-Database', wealth);
    const accounts = async () =>
      (await stage.sso().send(new ListAccountsCommand({ accessToken }))).accountList?.map(
        ({ accountName }) => accountName,
      );
    expect(await failureOf(inWealth())).toMatchObject({ name: 'ForbiddenException' });
    expect(await accounts()).toEqual(['dev', 'qa', 'access']);

    const mia = store(await approver());
    const { MembershipId } = await mia.send(add('dana'));
    const keys = await inWealth();
    expect(await accounts()).toEqual(['dev', 'qa', 'prod-wealth', 'access']);
    const { roleList } = await stage
      .sso()
      .send(new ListAccountRolesCommand({ accessToken, accountId: wealth }));
    expect(roleList?.map(({ roleName }) => roleName)).toEqual(['Forge-Prod-Database']);

    await mia.send(new DeleteGroupMembershipCommand({ IdentityStoreId, MembershipId }));
    expect(await failureOf(inWealth())).toMatchObject({ name: 'ForbiddenException' });
    expect(stage.world.keys.find(keys.accessKeyId)).toBeDefined();
  });

  it('is the requester’s to end, by what GetGroupMembershipId says, and nobody else’s', async () => {
    const { MembershipId } = await store(await approver()).send(add('dana'));
    const ids = {
      IdentityStoreId,
      GroupId: groupId(stage, databaseGroup),
      MemberId: { UserId: personId(stage, 'dana') },
    };
    const end = new DeleteGroupMembershipCommand({ IdentityStoreId, MembershipId });
    expect((await failureOf(store(await requester('sven')).send(end))).name).toBe('AccessDeniedException');
    const dana = store(await requester());
    expect(await dana.send(new GetGroupMembershipIdCommand(ids))).toMatchObject({ MembershipId });
    await dana.send(end);
    expect((await failureOf(dana.send(new GetGroupMembershipIdCommand(ids)))).name).toBe(
      'ResourceNotFoundException',
    );
  });

  it.each<[string, () => Promise<Keys>, string, string]>([
    ['an approver for oneself', approver, 'mia', databaseGroup],
    ['an approver of another tier', approver, 'dana', readOnlyGroup],
    ['an approver in a group that is not just-in-time', approver, 'dana', 'grp-forge-platform-admins'],
    ['a requester for oneself', requester, 'dana', databaseGroup],
    ['a requester for another', requester, 'sven', databaseGroup],
    ['an administrator for oneself', admin, 'alex', databaseGroup],
  ])('is not made by %s', async (_name, keys, person, group) => {
    const before = stage.world.organisation.memberships.length;
    expect(await failureOf(store(await keys()).send(add(person, group)))).toMatchObject({
      name: 'AccessDeniedException',
      message: expect.stringMatching(/is not authorized to perform: identitystore:CreateGroupMembership/),
    });
    expect(stage.world.organisation.memberships).toHaveLength(before);
  });

  it('is not made from another account, nor in another region', async () => {
    const elsewhere = await personKeys(stage, 'alex', 'Forge-Admin', '111111111111');
    expect((await failureOf(store(elsewhere).send(add('dana')))).name).toBe('AccessDeniedException');
    expect((await failureOf(store(await approver(), 'eu-west-1').send(add('dana')))).name).toBe(
      'ResourceNotFoundException',
    );
  });

  it('is made once: the second of two approvers is told', async () => {
    const mia = store(await approver());
    const results = await Promise.allSettled([mia.send(add('dana')), mia.send(add('dana'))]);
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(results.find(({ status }) => status === 'rejected')).toMatchObject({
      reason: { name: 'ConflictException', Reason: 'UNIQUENESS_CONSTRAINT_VIOLATION' },
    });
  });

  it('is recorded as CloudTrail would record it', async () => {
    const keys = await approver();
    const { MembershipId } = await store(keys).send(add('dana'));
    const event = stage.world.events.all().findLast(({ name }) => name === 'CreateGroupMembership');
    expect(event).toMatchObject({
      service: 'identitystore',
      account: '999999999999',
      region: 'us-east-1',
      parameters: {
        identityStoreId: IdentityStoreId,
        groupId: groupId(stage, databaseGroup),
        memberId: { userId: personId(stage, 'dana') },
      },
      response: { membershipId: MembershipId, identityStoreId: IdentityStoreId },
      identity: {
        type: 'AssumedRole',
        principalId: expect.stringMatching(/^AROA[A-Z2-7]{16}:mia@tapp\.example$/),
        accessKeyId: keys.accessKeyId,
        sessionContext: {
          sessionIssuer: {
            userName: expect.stringMatching(/^AWSReservedSSO_Forge-BreakGlass-Approve-tier1_/),
          },
          attributes: { mfaAuthenticated: 'false' },
        },
      },
    });
    expect(JSON.stringify(event)).not.toContain(keys.secretAccessKey);
  });
});

describe('the identity store', () => {
  it('says who and what is in it', async () => {
    const alex = store(await admin());
    const dana = personId(stage, 'dana');
    const developers = groupId(stage, 'grp-forge-developers');
    const MemberId = { UserId: dana };
    const unique = (AttributePath: string, AttributeValue: string) => ({
      IdentityStoreId,
      AlternateIdentifier: { UniqueAttribute: { AttributePath, AttributeValue } },
    });
    expect(await alex.send(new GetUserIdCommand(unique('userName', 'Dana@tapp.example')))).toMatchObject({
      UserId: dana,
    });
    expect(
      await alex.send(new GetGroupIdCommand(unique('displayName', 'grp-forge-developers'))),
    ).toMatchObject({ GroupId: developers });
    expect(await alex.send(new DescribeUserCommand({ IdentityStoreId, UserId: dana }))).toMatchObject({
      UserName: 'dana@tapp.example',
      DisplayName: 'Dana Whitfield',
      Emails: [{ Value: 'dana@tapp.example', Primary: true }],
    });
    expect(await alex.send(new DescribeGroupCommand({ IdentityStoreId, GroupId: developers }))).toMatchObject(
      { DisplayName: 'grp-forge-developers' },
    );
    expect(
      (
        await alex.send(
          new IsMemberInGroupsCommand({
            IdentityStoreId,
            MemberId,
            GroupIds: [developers, groupId(stage, databaseGroup)],
          }),
        )
      ).Results?.map(({ MembershipExists }) => MembershipExists),
    ).toEqual([true, false]);
    const { GroupMemberships: own = [] } = await alex.send(
      new ListGroupMembershipsForMemberCommand({ IdentityStoreId, MemberId }),
    );
    expect(own.map(({ GroupId }) => GroupId)).toEqual([developers, groupId(stage, 'grp-forge-vpn-dev')]);
    expect(
      await alex.send(
        new DescribeGroupMembershipCommand({ IdentityStoreId, MembershipId: own[0]?.MembershipId }),
      ),
    ).toMatchObject({ GroupId: developers, MemberId });
  });

  it('lists in pages whose tokens are good for their own listing only', async () => {
    const alex = store(await admin());
    const names: (string | undefined)[] = [];
    let NextToken: string | undefined;
    do {
      const page = await alex.send(new ListUsersCommand({ IdentityStoreId, MaxResults: 4, NextToken }));
      names.push(...(page.Users ?? []).map(({ UserName }) => UserName));
      NextToken = page.NextToken;
      if (NextToken === undefined) break;
      const foreign = alex.send(new ListGroupsCommand({ IdentityStoreId, NextToken }));
      expect((await failureOf(foreign)).name).toBe('ValidationException');
    } while (NextToken !== undefined);
    expect(names).toEqual(stage.world.organisation.people.map(({ userName }) => userName));
    const { GroupMemberships } = await alex.send(
      new ListGroupMembershipsCommand({ IdentityStoreId, GroupId: groupId(stage, 'grp-forge-developers') }),
    );
    expect(GroupMemberships?.map(({ MemberId }) => MemberId?.UserId)).toEqual(
      ['dana', 'mia', 'sven'].map((person) => personId(stage, person)),
    );
  });

  it.each<[string, object, string]>([
    ['an id that is none', { GroupId: 'developers' }, 'ValidationException'],
    ['no group', { GroupId: undefined }, 'ValidationException'],
    ['another store', { IdentityStoreId: 'd-0000000000' }, 'ResourceNotFoundException'],
    [
      'a group that is not',
      { GroupId: '9067f7c0de-00000000-0000-0000-0000-000000000000' },
      'ResourceNotFoundException',
    ],
    [
      'a user that is not',
      { MemberId: { UserId: '9067f7c0de-00000000-0000-0000-0000-000000000000' } },
      'ResourceNotFoundException',
    ],
  ])('refuses %s', async (_name, change, code) => {
    const command = add('dana');
    Object.assign(command.input, change);
    expect((await failureOf(store(await admin()).send(command))).name).toBe(code);
  });
});
