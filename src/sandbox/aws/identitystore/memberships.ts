import { randomUUID } from 'node:crypto';
import type { Membership } from '../../organisation.ts';
import { invalid, textList } from '../../ssm/fields.ts';
import { AwsFailure } from '../aws-failure.ts';
import type { JsonOperation, JsonRequest } from '../json-service.ts';
import {
  findGroup,
  findUser,
  groupArn,
  idField,
  memberField,
  membershipArn,
  membershipBody,
  notFound,
  pageOf,
  requireAll,
  storeField,
  userArn,
} from './identity-store-request.ts';

/** From: Identity Store API Reference, CreateGroupMembership. The one call that gives somebody something. */
export const createGroupMembership: JsonOperation = (request) => {
  const { world, fields } = request;
  const { identityStoreId, groupId, userId } = groupAndMember(request);
  requireAll(request, 'CreateGroupMembership', [groupArn(groupId), userArn(userId)]);
  findGroup(request, groupId);
  findUser(request, userId);
  if (find(request, groupId, userId) !== undefined) {
    const message = 'Member and Group relationship already exists.';
    throw new AwsFailure('ConflictException', 400, message, {
      Message: message,
      Reason: 'UNIQUENESS_CONSTRAINT_VIOLATION',
    });
  }
  const id = `${storeField(fields).replace('d-', '')}-${randomUUID()}`;
  world.organisation.memberships.push({ id, groupId, userId });
  request.noteResponse({ membershipId: id, identityStoreId });
  return { IdentityStoreId: identityStoreId, MembershipId: id };
};

/** From: DeleteGroupMembership. By its id alone: IAM is asked about the group and the user that it joins. */
export const deleteGroupMembership: JsonOperation = (request) => {
  const membership = membershipField(request, 'DeleteGroupMembership');
  const { memberships } = request.world.organisation;
  memberships.splice(memberships.indexOf(membership), 1);
  request.noteResponse({});
  return {};
};

/** From: DescribeGroupMembership. */
export const describeGroupMembership: JsonOperation = (request) =>
  membershipBody(request, membershipField(request, 'DescribeGroupMembership'));

/** From: GetGroupMembershipId. */
export const getGroupMembershipId: JsonOperation = (request) => {
  const { identityStoreId, groupId, userId } = groupAndMember(request);
  const found = find(request, groupId, userId);
  requireAll(request, 'GetGroupMembershipId', [
    groupArn(groupId),
    userArn(userId),
    membershipArn(found?.id ?? '*'),
  ]);
  findGroup(request, groupId);
  findUser(request, userId);
  if (found === undefined) throw notFound('GROUP_MEMBERSHIP', userId, 'GROUP_MEMBERSHIP not found.');
  return { IdentityStoreId: identityStoreId, MembershipId: found.id };
};

/** From: IsMemberInGroups: 1 to 100 groups. */
export const isMemberInGroups: JsonOperation = (request) => {
  const { fields } = request;
  const userId = memberField(fields);
  const ids = textList(fields, 'GroupIds') ?? [];
  if (ids.length < 1 || ids.length > 100) {
    throw invalid(
      `Value at 'groupIds' failed to satisfy constraint: Member must have length ${ids.length < 1 ? 'greater than or equal to 1' : 'less than or equal to 100'}`,
    );
  }
  const groupIds = ids.map((GroupId) => idField({ GroupId }, 'GroupId'));
  request.note({ identityStoreId: storeField(fields), memberId: { userId }, groupIds });
  requireAll(request, 'IsMemberInGroups', [membershipArn('*'), userArn(userId), ...groupIds.map(groupArn)]);
  findUser(request, userId);
  return {
    Results: groupIds.map((id) => ({
      GroupId: findGroup(request, id).id,
      MemberId: { UserId: userId },
      MembershipExists: find(request, id, userId) !== undefined,
    })),
  };
};

/** From: ListGroupMemberships. */
export const listGroupMemberships: JsonOperation = (request) => {
  const groupId = idField(request.fields, 'GroupId');
  request.note({ identityStoreId: storeField(request.fields), groupId });
  requireAll(request, 'ListGroupMemberships', [groupArn(groupId), membershipArn('*')]);
  findGroup(request, groupId);
  return listed(request, (entry) => entry.groupId === groupId, `group:${groupId}`);
};

/** From: ListGroupMembershipsForMember. */
export const listGroupMembershipsForMember: JsonOperation = (request) => {
  const userId = memberField(request.fields);
  request.note({ identityStoreId: storeField(request.fields), memberId: { userId } });
  requireAll(request, 'ListGroupMembershipsForMember', [userArn(userId), membershipArn('*')]);
  findUser(request, userId);
  return listed(request, (entry) => entry.userId === userId, `member:${userId}`);
};

function listed(request: JsonRequest, wanted: (entry: Membership) => boolean, listing: string): object {
  const all = request.world.organisation.memberships.filter(wanted);
  const { items, next } = pageOf(request, all, listing);
  return {
    GroupMemberships: items.map((entry) => membershipBody(request, entry)),
    ...(next === undefined ? {} : { NextToken: next }),
  };
}

function groupAndMember(request: JsonRequest) {
  const identityStoreId = storeField(request.fields);
  const groupId = idField(request.fields, 'GroupId');
  const userId = memberField(request.fields);
  request.note({ identityStoreId, groupId, memberId: { userId } });
  return { identityStoreId, groupId, userId };
}

/** The membership that a request names, once the caller may do this to it. */
function membershipField(request: JsonRequest, action: string): Membership {
  const { world, fields } = request;
  const membershipId = idField(fields, 'MembershipId');
  request.note({ identityStoreId: storeField(fields), membershipId });
  const found = world.organisation.memberships.find((entry) => entry.id === membershipId);
  requireAll(request, action, [
    membershipArn(membershipId),
    ...(found === undefined ? [] : [groupArn(found.groupId), userArn(found.userId)]),
  ]);
  if (found === undefined) throw notFound('GROUP_MEMBERSHIP', membershipId, 'GROUP_MEMBERSHIP not found.');
  return found;
}

function find({ world }: JsonRequest, groupId: string, userId: string): Membership | undefined {
  return world.organisation.memberships.find((entry) => entry.groupId === groupId && entry.userId === userId);
}
