import type { Group, Membership, Person } from '../../organisation.ts';
import { checkLength, integerField, invalid, serialization, textField } from '../../ssm/fields.ts';
import { AwsFailure } from '../aws-failure.ts';
import type { JsonFields } from '../json-body.ts';
import type { JsonRequest } from '../json-service.ts';
import { page } from '../paging.ts';

/**
 * What the operations of the identity store share. Source: Identity Store API Reference; which resources an action
 * is asked about: Service Authorization Reference, "Actions, resources, and condition keys for AWS Identity Store".
 */
const idPattern =
  /^([0-9a-f]{10}-|)[A-Fa-f0-9]{8}-[A-Fa-f0-9]{4}-[A-Fa-f0-9]{4}-[A-Fa-f0-9]{4}-[A-Fa-f0-9]{12}$/;
const storePattern =
  /^d-[0-9a-f]{10}$|^[0-9a-f]{8}\b-[0-9a-f]{4}\b-[0-9a-f]{4}\b-[0-9a-f]{4}\b-[0-9a-f]{12}$/;

export const groupArn = (id: string): string => `arn:aws:identitystore:::group/${id}`;
export const userArn = (id: string): string => `arn:aws:identitystore:::user/${id}`;
export const membershipArn = (id: string): string => `arn:aws:identitystore:::membership/${id}`;

/** IdentityStoreId, well formed; whether it is this store is only said to who may ask. */
export function storeField(fields: JsonFields): string {
  return idField(fields, 'IdentityStoreId', storePattern);
}

export function idField(fields: JsonFields, name: string, pattern = idPattern): string {
  const value = textField(fields, name);
  if (value === undefined) {
    throw invalid(`Value null at '${where(name)}' failed to satisfy constraint: Member must not be null`);
  }
  checkLength(name, value, 1, 47);
  if (!pattern.test(value)) {
    throw invalid(
      `Value '${value}' at '${where(name)}' failed to satisfy constraint: Member must satisfy regular expression pattern: ${pattern.source}`,
    );
  }
  return value;
}

/** MemberId is a union, of which users are the only kind. */
export function memberField(fields: JsonFields): string {
  const member = structure(fields, 'MemberId');
  if (member === undefined) {
    throw invalid("Value null at 'memberId' failed to satisfy constraint: Member must not be null");
  }
  return idField(member, 'UserId');
}

export function structure(fields: JsonFields, name: string): JsonFields | undefined {
  const value = fields[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'object' || Array.isArray(value)) throw serialization(`${name} must be a structure`);
  return value as JsonFields;
}

const where = (name: string) => `${(name[0] ?? '').toLowerCase()}${name.slice(1)}`;

/**
 * IAM must say yes for the store and for every other resource that the action concerns: one Deny on one of them is
 * enough, which is how nobody can put themselves into a group.
 */
export function requireAll(request: JsonRequest, action: string, resources: readonly string[]): void {
  const { world, caller, region, fields } = request;
  const store = storeField(fields);
  const { account, arn } = caller.principal;
  const storeArn = `arn:aws:identitystore::${world.organisation.storeAccount}:identitystore/${store}`;
  for (const resource of [storeArn, ...resources]) {
    const decision = world.authorize(caller, `identitystore:${action}`, resource, {
      'aws:RequestedRegion': region,
      'identitystore:PrimaryRegion': world.organisation.region,
    });
    if (!decision.allowed) throw denied(arn, action, resource, decision.because);
  }
  if (account !== world.organisation.storeAccount) {
    throw denied(arn, action, storeArn, 'because no resource-based policy allows the action');
  }
  if (store !== world.organisation.identityStoreId || region !== world.organisation.region) {
    throw notFound('IDENTITY_STORE', store, 'IDENTITY_STORE not found.');
  }
}

function denied(caller: string, action: string, resource: string, because: string): AwsFailure {
  return new AwsFailure(
    'AccessDeniedException',
    400,
    `User: ${caller} is not authorized to perform: identitystore:${action} on resource: ${resource} ${because}`,
  );
}

export function notFound(
  kind: 'USER' | 'GROUP' | 'GROUP_MEMBERSHIP' | 'IDENTITY_STORE',
  id: string,
  message: string,
): AwsFailure {
  return new AwsFailure('ResourceNotFoundException', 400, message, {
    Message: message,
    ResourceType: kind,
    ResourceId: id,
  });
}

export function findGroup({ world }: JsonRequest, id: string): Group {
  const found = world.organisation.groups.find((group) => group.id === id);
  if (found === undefined) throw notFound('GROUP', id, 'GROUP not found.');
  return found;
}

export function findUser({ world }: JsonRequest, id: string): Person {
  const found = world.organisation.people.find((person) => person.id === id);
  if (found === undefined) throw notFound('USER', id, 'USER not found.');
  return found;
}

export function membershipBody({ world }: JsonRequest, { id, groupId, userId }: Membership): object {
  return {
    IdentityStoreId: world.organisation.identityStoreId,
    MembershipId: id,
    GroupId: groupId,
    MemberId: { UserId: userId },
  };
}

/** MaxResults 1 to 100. */
export function pageOf<T>(request: JsonRequest, all: readonly T[], listing: string) {
  const size = integerField(request.fields, 'MaxResults', { min: 1, max: 100, default: 100 });
  const found = page(all, `identitystore:${listing}`, textField(request.fields, 'NextToken'), size);
  if (found === undefined) throw new AwsFailure('ValidationException', 400, 'The next token is not valid.');
  return found;
}
