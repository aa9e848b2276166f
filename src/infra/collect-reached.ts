import { asJsonObject } from '../lib/json-object.ts';
import type { AccountOf } from './collect-roles.ts';
import { type DeployedClusterEntry, type DeployedRole, deployedRoleArn } from './deployment.ts';
import { type PlanResources, textOf } from './plan-resources.ts';

/** Account → resource ids of databases, of the root's output `reached`. An account of which it says nothing is missing. */
export function collectDatabases(
  reached: unknown,
  accountOf: (environment: string) => string | undefined,
): ReadonlyMap<string, readonly string[]> {
  return new Map(
    Object.entries(asJsonObject(reached) ?? {}).flatMap(([environment, value]) => {
      const account = accountOf(environment);
      const ids = asJsonObject(value)?.database_resource_ids;
      if (account === undefined || !Array.isArray(ids)) return [];
      return [[account, ids.filter((id) => typeof id === 'string')] as const];
    }),
  );
}

/**
 * Who is let in: by entries, and by policies that are given to them. A plan has no ARN of a role that is not made: then the key,
 * `cluster/role`, says which of the plan's own it is.
 */
export function collectClusterEntries(
  resources: PlanResources,
  accountOf: AccountOf,
  roles: readonly DeployedRole[],
): readonly DeployedClusterEntry[] {
  return ['aws_eks_access_entry', 'aws_eks_access_policy_association'].flatMap((type) =>
    resources.ofType(type).map((resource) => {
      const account = accountOf(resource);
      const key = String(resource.index ?? '')
        .split('/')
        .at(-1);
      const own = roles.find((role) => role.account === account && role.name === key);
      return {
        account,
        cluster: textOf(resource, 'cluster_name') ?? String(resource.index ?? resource.name),
        principal: textOf(resource, 'principal_arn') ?? (own && deployedRoleArn(own)),
      };
    }),
  );
}
