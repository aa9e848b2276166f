import {
  CreateGroupMembershipCommand,
  DeleteGroupMembershipCommand,
  DescribeUserCommand,
  GetGroupIdCommand,
  GetGroupMembershipIdCommand,
  GetUserIdCommand,
  IdentitystoreClient,
  IsMemberInGroupsCommand,
  ListGroupMembershipsCommand,
} from '@aws-sdk/client-identitystore';
import type { SigningKeys } from '../lib/sigv4.ts';
import { awsErrorName } from './aws-error.ts';
import { type Aws, type AwsCall, callAws } from './clients.ts';
import { incompleteReply } from './incomplete-reply.ts';

/** Whose keys call which identity store, in which region: what all its calls need. */
export interface IdentityStoreCaller {
  readonly aws: Aws;
  readonly region: string;
  readonly keys: SigningKeys;
  /** `d-…` */
  readonly identityStoreId: string;
}

export interface GroupMember {
  readonly groupId: string;
  readonly userId: string;
}

export interface StoredMembership extends GroupMember {
  readonly membershipId: string;
}

/**
 * Makes somebody a member of a group. Undefined: is one already. IAM action identitystore:CreateGroupMembership, on the
 * store, the group and the user.
 * https://docs.aws.amazon.com/singlesignon/latest/IdentityStoreAPIReference/API_CreateGroupMembership.html
 */
export async function createMembership(
  caller: IdentityStoreCaller,
  { groupId, userId }: GroupMember,
): Promise<string | undefined> {
  const command = new CreateGroupMembershipCommand({
    IdentityStoreId: caller.identityStoreId,
    GroupId: groupId,
    MemberId: { UserId: userId },
  });
  try {
    const { MembershipId: id } = await send(caller, 'CreateGroupMembership', groupId, (client, options) =>
      client.send(command, options),
    );
    if (!id) throw incompleteReply('identitystore CreateGroupMembership', 'membership');
    return id;
  } catch (error) {
    if (awsErrorName(error) === 'ConflictException') return undefined;
    throw error;
  }
}

/** False: there was none. IAM action identitystore:DeleteGroupMembership. */
export async function deleteMembership(caller: IdentityStoreCaller, membershipId: string): Promise<boolean> {
  const command = new DeleteGroupMembershipCommand({
    IdentityStoreId: caller.identityStoreId,
    MembershipId: membershipId,
  });
  const found = await orMissing(
    send(caller, 'DeleteGroupMembership', membershipId, (client, options) => client.send(command, options)),
  );
  return found !== undefined;
}

/** The id of a membership; undefined: there is none. IAM action identitystore:GetGroupMembershipId. */
export async function findMembership(
  caller: IdentityStoreCaller,
  { groupId, userId }: GroupMember,
): Promise<string | undefined> {
  const command = new GetGroupMembershipIdCommand({
    IdentityStoreId: caller.identityStoreId,
    GroupId: groupId,
    MemberId: { UserId: userId },
  });
  const found = await orMissing(
    send(caller, 'GetGroupMembershipId', groupId, (client, options) => client.send(command, options)),
  );
  return found?.MembershipId;
}

/**
 * Whether somebody is in one of up to 100 groups. IAM action identitystore:IsMemberInGroups.
 * https://docs.aws.amazon.com/singlesignon/latest/IdentityStoreAPIReference/API_IsMemberInGroups.html
 */
export async function isInAnyGroup(
  caller: IdentityStoreCaller,
  userId: string,
  groupIds: readonly string[],
): Promise<boolean> {
  const command = new IsMemberInGroupsCommand({
    IdentityStoreId: caller.identityStoreId,
    MemberId: { UserId: userId },
    GroupIds: [...groupIds],
  });
  const { Results: results } = await send(caller, 'IsMemberInGroups', userId, (client, options) =>
    client.send(command, options),
  );
  return (results ?? []).some((result) => result.MembershipExists === true);
}

/** Everybody in a group. IAM action identitystore:ListGroupMemberships. */
export async function listMemberships(
  caller: IdentityStoreCaller,
  groupId: string,
): Promise<readonly StoredMembership[]> {
  const memberships: StoredMembership[] = [];
  for (let token: string | undefined; ; ) {
    const command = new ListGroupMembershipsCommand({
      IdentityStoreId: caller.identityStoreId,
      GroupId: groupId,
      NextToken: token,
    });
    const page = await send(caller, 'ListGroupMemberships', groupId, (client, options) =>
      client.send(command, options),
    );
    for (const { MembershipId: membershipId, MemberId: member } of page.GroupMemberships ?? []) {
      if (membershipId !== undefined && member?.UserId !== undefined)
        memberships.push({ membershipId, groupId, userId: member.UserId });
    }
    if (!page.NextToken) return memberships;
    token = page.NextToken;
  }
}

/** The user name of an id; undefined: there is no such user. IAM action identitystore:DescribeUser. */
export async function describeUser(
  caller: IdentityStoreCaller,
  userId: string,
): Promise<{ readonly userName: string; readonly displayName: string | undefined } | undefined> {
  const command = new DescribeUserCommand({ IdentityStoreId: caller.identityStoreId, UserId: userId });
  const found = await orMissing(
    send(caller, 'DescribeUser', userId, (client, options) => client.send(command, options)),
  );
  return found?.UserName === undefined
    ? undefined
    : { userName: found.UserName, displayName: found.DisplayName };
}

/** The id of a user name; undefined: there is no such user. IAM action identitystore:GetUserId. */
export async function findUserByName(
  caller: IdentityStoreCaller,
  userName: string,
): Promise<string | undefined> {
  const command = new GetUserIdCommand({
    IdentityStoreId: caller.identityStoreId,
    AlternateIdentifier: { UniqueAttribute: { AttributePath: 'userName', AttributeValue: userName } },
  });
  const found = await orMissing(
    send(caller, 'GetUserId', userName, (client, options) => client.send(command, options)),
  );
  return found?.UserId;
}

/** The id of a group's display name; undefined: there is no such group. IAM action identitystore:GetGroupId. */
export async function findGroupByName(
  caller: IdentityStoreCaller,
  displayName: string,
): Promise<string | undefined> {
  const command = new GetGroupIdCommand({
    IdentityStoreId: caller.identityStoreId,
    AlternateIdentifier: { UniqueAttribute: { AttributePath: 'displayName', AttributeValue: displayName } },
  });
  const found = await orMissing(
    send(caller, 'GetGroupId', displayName, (client, options) => client.send(command, options)),
  );
  return found?.GroupId;
}

function send<Output extends { readonly $metadata: object }>(
  { aws, region, keys }: IdentityStoreCaller,
  operation: string,
  resource: string,
  run: (client: IdentitystoreClient, options: { abortSignal: AbortSignal }) => Promise<Output>,
): Promise<Output> {
  const client = new IdentitystoreClient(aws.clientConfig('identitystore', region, keys));
  const call: AwsCall = {
    service: 'identitystore',
    operation,
    region,
    action: `identitystore:${operation}`,
    resource,
  };
  return callAws(aws, call, (options) => run(client, options));
}

async function orMissing<Output>(answer: Promise<Output>): Promise<Output | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (awsErrorName(error) === 'ResourceNotFoundException') return undefined;
    throw error;
  }
}
