import { awsManagedPolicies } from './aws-managed-policies.ts';
import type { DeployedAssignment, DeployedSet } from './deployment.ts';
import { parseDocument } from './parse-document.ts';
import type { PlanResource } from './plan-document.ts';
import { blocksOf, type PlanResources, textOf } from './plan-resources.ts';

/** Where what is collected says what nobody could tell it. */
export interface Gaps {
  readonly notKnown: string[];
}

const setType = ['aws_ssoadmin_permission_set'];

export function collectSets(resources: PlanResources, gaps: Gaps): readonly DeployedSet[] {
  const belonging = (type: string) =>
    resources.ofType(type).map((resource) => ({
      resource,
      set: resources.target(resource, 'permission_set_arn', setType),
    }));
  const inline = belonging('aws_ssoadmin_permission_set_inline_policy');
  const managed = belonging('aws_ssoadmin_managed_policy_attachment');
  const customer = belonging('aws_ssoadmin_customer_managed_policy_attachment');
  const boundaries = belonging('aws_ssoadmin_permissions_boundary_attachment');
  for (const { resource, set } of [...inline, ...managed, ...customer, ...boundaries]) {
    if (set === undefined) gaps.notKnown.push(`the permission set of ${resource.address}`);
  }
  return resources.ofType('aws_ssoadmin_permission_set').map((set) => {
    const of = (all: typeof inline) =>
      all.filter((entry) => entry.set === set).map(({ resource }) => resource);
    const name = setName(set);
    const unknown: string[] = [];
    const own = of(inline).flatMap((resource) => {
      const text = textOf(resource, 'inline_policy');
      if (text !== undefined) return parseDocument(text, resource.address, gaps);
      unknown.push('its inline policy');
      return [];
    });
    const attached = of(managed).flatMap((resource) => {
      const arn = textOf(resource, 'managed_policy_arn') ?? '?';
      const known = awsManagedPolicies.get(arn);
      if (known === undefined) unknown.push(arn);
      return known === undefined ? [] : [known];
    });
    unknown.push(...of(customer).map((resource) => `the customer managed policy of ${resource.address}`));
    return {
      name,
      sessionMinutes: isoMinutes(textOf(set, 'session_duration') ?? 'PT1H'),
      policies: [...own, ...attached],
      unknown,
      boundary: of(boundaries)
        .map(boundaryName)
        .find((entry) => entry !== undefined),
    };
  });
}

/** ISO 8601, of which Identity Center takes hours and minutes. */
function isoMinutes(text: string): number {
  const [, hours = '0', minutes = '0'] = /^PT(?:(\d+)H)?(?:(\d+)M)?$/.exec(text) ?? [];
  return Number(hours) * 60 + Number(minutes);
}

function boundaryName({ values }: PlanResource): string | undefined {
  for (const block of blocksOf(values, 'permissions_boundary')) {
    for (const reference of blocksOf(block, 'customer_managed_policy_reference')) {
      if (typeof reference.name === 'string') return reference.name;
    }
  }
  return undefined;
}

/** Group → permission set → account. Where a first plan can't name them, the key of the assignment does. */
export function collectAssignments(
  resources: PlanResources,
  sets: readonly DeployedSet[],
  groups: ReadonlyMap<string, string>,
  gaps: Gaps,
): readonly DeployedAssignment[] {
  const nameOf = new Map([...groups].map(([name, id]) => [id, name]));
  return resources.ofType('aws_ssoadmin_account_assignment').flatMap((resource) => {
    const byKey = readKey(resource, sets);
    const set = resources.target(resource, 'permission_set_arn', setType);
    const id = textOf(resource, 'principal_id');
    const group =
      id === undefined
        ? (groupName(resources.target(resource, 'principal_id', ['aws_identitystore_group'])) ?? byKey?.group)
        : (nameOf.get(id) ?? id);
    const account = textOf(resource, 'target_id');
    const permissionSet = set === undefined ? byKey?.permissionSet : setName(set);
    if (group === undefined || permissionSet === undefined || account === undefined) {
      gaps.notKnown.push(`who is given what by ${resource.address}`);
      return [];
    }
    // A person's own assignment is nobody's group, and nobody sanctioned it.
    const who = textOf(resource, 'principal_type') === 'USER' ? `user ${group}` : group;
    return [{ group: who, permissionSet, account }];
  });
}

/** The module's keys are `group/permission set/account`; whoever changed that has assignments that are not known in a plan. */
function readKey({ index, values }: PlanResource, sets: readonly DeployedSet[]) {
  const [account, permissionSet, ...rest] = String(index ?? '')
    .split('/')
    .reverse();
  if (account !== values.target_id || !sets.some(({ name }) => name === permissionSet)) return undefined;
  return { group: rest.reverse().join('/'), permissionSet };
}

const setName = (set: PlanResource): string => textOf(set, 'name') ?? String(set.index ?? set.name);

export const groupName = (group: PlanResource | undefined): string | undefined =>
  group && (textOf(group, 'display_name') ?? (typeof group.index === 'string' ? group.index : undefined));

/** Display name → id, of those that AWS has made. */
export function knownGroups(resources: readonly PlanResource[]): ReadonlyMap<string, string> {
  return new Map(
    resources.flatMap((resource) => {
      const name = resource.type === 'aws_identitystore_group' ? groupName(resource) : undefined;
      const id = textOf(resource, 'group_id');
      return name === undefined || id === undefined ? [] : [[name, id] as const];
    }),
  );
}
