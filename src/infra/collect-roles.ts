import type { PolicyDocument } from '../iam/policy.ts';
import { awsManagedPolicies } from './aws-managed-policies.ts';
import type { Gaps } from './collect-people.ts';
import type { DeployedRole, DeployedUser } from './deployment.ts';
import { parseDocument } from './parse-document.ts';
import type { PlanResource } from './plan-document.ts';
import { blocksOf, type PlanResources, textOf } from './plan-resources.ts';

/** Which account a resource is in: a plan has no ARN of what is not made. */
export type AccountOf = (resource: PlanResource) => string;

export function collectRoles(
  resources: PlanResources,
  accountOf: AccountOf,
  gaps: Gaps,
): readonly DeployedRole[] {
  const inline = ownedBy(resources, 'aws_iam_role_policy', 'role', 'aws_iam_role', gaps);
  const attached = ownedBy(resources, 'aws_iam_role_policy_attachment', 'role', 'aws_iam_role', gaps);
  return resources.ofType('aws_iam_role').map((role) => {
    const name = textOf(role, 'name') ?? role.address;
    const unknown: string[] = [];
    const own = (inline.get(role) ?? []).flatMap((resource) => {
      const text = textOf(resource, 'policy');
      if (text !== undefined) return parseDocument(text, resource.address, gaps);
      unknown.push(resource.address);
      return [];
    });
    const nested = blocksOf(role.values, 'inline_policy').flatMap(({ policy }) =>
      typeof policy === 'string' && policy !== '' ? parseDocument(policy, role.address, gaps) : [],
    );
    const managed = (attached.get(role) ?? []).flatMap((resource) =>
      managedPolicy(resources, resource, gaps, unknown),
    );
    const trust = textOf(role, 'assume_role_policy');
    if (trust === undefined) gaps.notKnown.push(`the trust policy of ${role.address}`);
    return {
      account: accountOf(role),
      name,
      path: textOf(role, 'path') ?? '/',
      trust: trust === undefined ? undefined : parseDocument(trust, role.address, gaps, 'trust')[0],
      boundary: boundaryOf(resources, role),
      maxSessionMinutes:
        typeof role.values.max_session_duration === 'number' ? role.values.max_session_duration / 60 : 60,
      policies: [...own, ...nested, ...managed],
      unknown,
    };
  });
}

export function collectUsers(
  resources: PlanResources,
  accountOf: AccountOf,
  gaps: Gaps,
): readonly DeployedUser[] {
  const inline = ownedBy(resources, 'aws_iam_user_policy', 'user', 'aws_iam_user', gaps);
  const attached = ownedBy(resources, 'aws_iam_user_policy_attachment', 'user', 'aws_iam_user', gaps);
  const keys = ownedBy(resources, 'aws_iam_access_key', 'user', 'aws_iam_user', gaps);
  const logins = ownedBy(resources, 'aws_iam_user_login_profile', 'user', 'aws_iam_user', gaps);
  return resources.ofType('aws_iam_user').map((user) => {
    const unknown: string[] = [];
    const own = (inline.get(user) ?? []).flatMap((resource) => {
      const text = textOf(resource, 'policy');
      if (text === undefined) unknown.push(resource.address);
      return text === undefined ? [] : parseDocument(text, resource.address, gaps);
    });
    const managed = (attached.get(user) ?? []).flatMap((resource) =>
      managedPolicy(resources, resource, gaps, unknown),
    );
    return {
      account: accountOf(user),
      name: textOf(user, 'name') ?? user.address,
      path: textOf(user, 'path') ?? '/',
      policies: [...own, ...managed],
      unknown,
      keys: (keys.get(user) ?? []).length + (logins.get(user) ?? []).length,
    };
  });
}

function ownedBy(
  resources: PlanResources,
  type: string,
  attribute: string,
  owner: string,
  gaps: Gaps,
): ReadonlyMap<PlanResource, readonly PlanResource[]> {
  const owned = new Map<PlanResource, PlanResource[]>();
  for (const resource of resources.ofType(type)) {
    const target = resources.target(resource, attribute, [owner]);
    if (target === undefined) {
      gaps.notKnown.push(`whose ${resource.address} is`);
      continue;
    }
    owned.set(target, [...(owned.get(target) ?? []), resource]);
  }
  return owned;
}

function managedPolicy(
  resources: PlanResources,
  attachment: PlanResource,
  gaps: Gaps,
  unknown: string[],
): readonly PolicyDocument[] {
  const arn = textOf(attachment, 'policy_arn');
  const known = arn === undefined ? undefined : awsManagedPolicies.get(arn);
  if (known !== undefined) return [known];
  const own = resources.target(attachment, 'policy_arn', ['aws_iam_policy']);
  const text = own && textOf(own, 'policy');
  if (own !== undefined && text !== undefined) return parseDocument(text, own.address, gaps);
  unknown.push(arn ?? attachment.address);
  return [];
}

/** The name of the policy: the ARN's last part, or that of the resource that it is of. */
function boundaryOf(resources: PlanResources, role: PlanResource): string | undefined {
  const arn = textOf(role, 'permissions_boundary');
  // A state has an empty text where there is none.
  if (arn !== undefined) return arn.split('/').at(-1) || undefined;
  const policy = resources.target(role, 'permissions_boundary', ['aws_iam_policy']);
  return policy && textOf(policy, 'name');
}
