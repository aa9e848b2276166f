import type { Group, Person } from '../../organisation.ts';
import { invalid, structures, textField } from '../../ssm/fields.ts';
import type { JsonOperation, JsonRequest } from '../json-service.ts';
import {
  findGroup,
  findUser,
  groupArn,
  idField,
  notFound,
  pageOf,
  requireAll,
  storeField,
  structure,
  userArn,
} from './identity-store-request.ts';

/** From: Identity Store API Reference, DescribeUser. */
export const describeUser: JsonOperation = (request) => {
  const userId = idField(request.fields, 'UserId');
  request.note({ identityStoreId: storeField(request.fields), userId });
  requireAll(request, 'DescribeUser', [userArn(userId)]);
  return userBody(request, findUser(request, userId));
};

/** From: DescribeGroup. */
export const describeGroup: JsonOperation = (request) => {
  const groupId = idField(request.fields, 'GroupId');
  request.note({ identityStoreId: storeField(request.fields), groupId });
  requireAll(request, 'DescribeGroup', [groupArn(groupId)]);
  return groupBody(request, findGroup(request, groupId));
};

/** From: GetUserId: by user name or by e-mail address, which here are one. */
export const getUserId: JsonOperation = (request) => {
  const name = uniqueAttribute(request, ['userName', 'emails.value']).toLowerCase();
  const found = request.world.organisation.people.find(({ userName }) => userName.toLowerCase() === name);
  requireAll(request, 'GetUserId', [userArn(found?.id ?? '*')]);
  if (found === undefined) throw notFound('USER', name, 'USER not found.');
  return { IdentityStoreId: request.world.organisation.identityStoreId, UserId: found.id };
};

/** From: GetGroupId: by display name. */
export const getGroupId: JsonOperation = (request) => {
  const name = uniqueAttribute(request, ['displayName']).toLowerCase();
  const found = request.world.organisation.groups.find((group) => group.name.toLowerCase() === name);
  requireAll(request, 'GetGroupId', [groupArn(found?.id ?? '*')]);
  if (found === undefined) throw notFound('GROUP', name, 'GROUP not found.');
  return { IdentityStoreId: request.world.organisation.identityStoreId, GroupId: found.id };
};

/** From: ListUsers. */
export const listUsers: JsonOperation = (request) => {
  const name = filter(request, 'UserName');
  requireAll(request, 'ListUsers', [userArn('*')]);
  const all = request.world.organisation.people.filter(
    ({ userName }) => name === undefined || userName === name,
  );
  const { items, next } = pageOf(request, all, `users:${name ?? ''}`);
  return {
    Users: items.map((person) => userBody(request, person)),
    ...(next === undefined ? {} : { NextToken: next }),
  };
};

/** From: ListGroups. */
export const listGroups: JsonOperation = (request) => {
  const name = filter(request, 'DisplayName');
  requireAll(request, 'ListGroups', [groupArn('*')]);
  const all = request.world.organisation.groups.filter((group) => name === undefined || group.name === name);
  const { items, next } = pageOf(request, all, `groups:${name ?? ''}`);
  return {
    Groups: items.map((group) => groupBody(request, group)),
    ...(next === undefined ? {} : { NextToken: next }),
  };
};

/** AlternateIdentifier. Its ExternalId is of directories that are synchronised, which this store is not. */
function uniqueAttribute(request: JsonRequest, paths: readonly string[]): string {
  const identifier = structure(request.fields, 'AlternateIdentifier') ?? {};
  const unique = structure(identifier, 'UniqueAttribute');
  const path = unique && textField(unique, 'AttributePath');
  const value = unique && textField(unique, 'AttributeValue');
  request.note({
    identityStoreId: storeField(request.fields),
    alternateIdentifier: { uniqueAttribute: { attributePath: path } },
  });
  if (path === undefined || value === undefined || !paths.includes(path)) {
    throw invalid(
      `Value at 'alternateIdentifier' failed to satisfy constraint: UniqueAttribute must have an AttributePath of ${paths.join(', ')} and an AttributeValue`,
    );
  }
  return value;
}

/** Filters: one attribute, equal. */
function filter(request: JsonRequest, attribute: string): string | undefined {
  const filters = structures(request.fields, 'Filters');
  request.note({ identityStoreId: storeField(request.fields) });
  if (filters.length > 1) {
    throw invalid(
      "Value at 'filters' failed to satisfy constraint: Member must have length less than or equal to 1",
    );
  }
  const [first] = filters;
  if (first === undefined) return undefined;
  const value = textField(first, 'AttributeValue');
  if (textField(first, 'AttributePath') !== attribute || value === undefined) {
    throw invalid(`Value at 'filters' failed to satisfy constraint: AttributePath must be ${attribute}`);
  }
  return value;
}

function userBody({ world }: JsonRequest, person: Person): object {
  const [given = '', ...family] = person.displayName.split(' ');
  return {
    IdentityStoreId: world.organisation.identityStoreId,
    UserId: person.id,
    UserName: person.userName,
    DisplayName: person.displayName,
    Name: { Formatted: person.displayName, GivenName: given, FamilyName: family.join(' ') },
    Title: person.title,
    Emails: [{ Value: person.userName, Type: 'work', Primary: true }],
  };
}

function groupBody({ world }: JsonRequest, { id, name, description }: Group): object {
  return {
    IdentityStoreId: world.organisation.identityStoreId,
    GroupId: id,
    DisplayName: name,
    ...(description === '' ? {} : { Description: description }),
  };
}
