import type { JsonService } from '../json-service.ts';
import {
  createGroupMembership,
  deleteGroupMembership,
  describeGroupMembership,
  getGroupMembershipId,
  isMemberInGroups,
  listGroupMemberships,
  listGroupMembershipsForMember,
} from './memberships.ts';
import {
  describeGroup,
  describeUser,
  getGroupId,
  getUserId,
  listGroups,
  listUsers,
} from './users-and-groups.ts';

export const identityStoreService: JsonService = {
  name: 'identitystore',
  target: 'AWSIdentityStore',
  operations: {
    CreateGroupMembership: createGroupMembership,
    DeleteGroupMembership: deleteGroupMembership,
    DescribeGroupMembership: describeGroupMembership,
    GetGroupMembershipId: getGroupMembershipId,
    IsMemberInGroups: isMemberInGroups,
    ListGroupMemberships: listGroupMemberships,
    ListGroupMembershipsForMember: listGroupMembershipsForMember,
    DescribeUser: describeUser,
    DescribeGroup: describeGroup,
    GetUserId: getUserId,
    GetGroupId: getGroupId,
    ListUsers: listUsers,
    ListGroups: listGroups,
  },
};
