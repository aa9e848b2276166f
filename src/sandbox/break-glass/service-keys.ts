import type { IssuedKeys, RolePrincipal } from '../principal.ts';
import { accessAccount } from '../seed-accounts.ts';
import type { World } from '../world.ts';

/**
 * Keys of a handler's role, as Lambda gives them to the handler it starts: nobody can have them by AssumeRole, for the
 * role trusts the service alone.
 */
export function serviceKeys(
  world: Pick<World, 'organisation' | 'keys'>,
  roleName: string,
): IssuedKeys & { readonly expiresAt: number } {
  const role = world.organisation.roles.find(
    ({ account, name }) => account === accessAccount && name === roleName,
  );
  if (role === undefined) throw new Error(`the sandbox has no role ${roleName}`);
  const principal: RolePrincipal = {
    kind: 'role',
    account: role.account,
    arn: `arn:aws:sts::${role.account}:assumed-role/${role.name}/${role.name}`,
    userId: `${role.id}:${role.name}`,
    mfaAt: undefined,
    role,
    sessionName: role.name,
    sourceIdentity: undefined,
    tags: {},
    transitiveTagKeys: [],
    sessionPolicies: [],
    person: undefined,
  };
  return world.keys.issueTemporary(principal, 3600);
}
