import type { Tier } from '../../config/break-glass.ts';
import type { Environment } from '../../config/config.ts';
import type { BreakGlassPlace } from '../break-glass-place.ts';
import { findTier, type Policy } from '../protocol/policy.ts';
import type { GrantGroup } from './doctor-groups.ts';

/**
 * Where what the functions judge by says something else than forge.yaml, as sentences; pure. What can't be compared here (a
 * group whose id the caller may not know) is no difference.
 */
export function differencesOf(
  policy: Policy,
  place: BreakGlassPlace,
  groups: readonly GrantGroup[],
): readonly string[] {
  return [
    ...differ('identity_store', policy.identityStoreId, place.identityStoreId),
    ...differ('account', policy.account, place.account),
    ...differ('region', policy.region, place.region),
    ...differ(
      'request_lifetime in minutes',
      policy.requestLifeMinutes,
      Math.floor(place.breakGlass.requestLifeSeconds / 60),
    ),
    ...[...place.breakGlass.tiers.values()].flatMap((tier) => tierDifferences(policy, place, tier)),
    ...groupDifferences(policy, groups),
    ...roleDifferences(policy, place),
  ];
}

function differ(what: string, deployed: unknown, wanted: unknown): readonly string[] {
  return deployed === wanted ? [] : [`${what}: ${text(deployed)} there, ${text(wanted)} in forge.yaml`];
}

const text = (value: unknown) => (value === undefined ? 'nothing' : String(value));

function tierDifferences(policy: Policy, { breakGlass }: BreakGlassPlace, tier: Tier): readonly string[] {
  if (tier.approval !== 'approver') return [];
  const deployed = findTier(policy, Number(tier.name));
  const name = `tier ${tier.name}`;
  if (deployed === undefined) return [`${name} is not there`];
  const { permissionSet } = breakGlass.approvers.get(tier.approvers ?? '') ?? {};
  return [
    ...differ(`${name}, approvals`, deployed.approvals, tier.approvals),
    ...differ(`${name}, who approves`, deployed.approverPermissionSets.join(' '), permissionSet),
    ...differ(`${name}, ticket`, deployed.ticket, tier.ticket.when),
  ];
}

function groupDifferences(policy: Policy, groups: readonly GrantGroup[]): readonly string[] {
  const known = groups.filter(({ id }) => id !== undefined);
  const missing = known.flatMap(({ id, name, tier, environment, account, permissionSet, minutes }) => {
    const grant = policy.grants.find(({ groupId }) => groupId === id);
    if (grant === undefined) return [`${name} is not there`];
    const longest = Math.min(grant.maximumMinutes, findTier(policy, grant.tier)?.maximumMinutes ?? 0);
    return [
      ...differ(`${name}, tier`, String(grant.tier), tier),
      ...differ(`${name}, environment`, grant.environment, environment),
      ...differ(`${name}, account`, grant.account, account),
      ...differ(`${name}, permission set`, grant.permissionSet, permissionSet),
      ...differ(`${name}, minutes at most`, longest, minutes),
    ];
  });
  const ids = new Set(known.map(({ id }) => id));
  const others = known.length < groups.length ? [] : policy.grants.filter(({ groupId }) => !ids.has(groupId));
  const more = others.map(
    ({ tier, environment, scenario }) =>
      `a group for tier ${tier}${scenario === undefined ? '' : `, ${scenario}`}, ${environment} is there that forge.yaml does not name`,
  );
  return [...missing, ...more];
}

function roleDifferences(policy: Policy, { breakGlass, config }: BreakGlassPlace): readonly string[] {
  const production = [...config.environments.values()].filter((environment) => environment.production);
  const wanted = [...breakGlass.tiers.values()].flatMap((tier) =>
    tier.role === undefined || tier.approval === 'approver'
      ? []
      : production
          .filter(({ name }) => tier.environments.length === 0 || tier.environments.includes(name))
          .map((environment) => ({ tier, environment, arn: roleArn(tier.role ?? '', environment) })),
  );
  const missing = wanted.flatMap(({ tier, environment, arn }) => {
    const name = `tier ${tier.name} in ${environment.name}`;
    const found = policy.emergencyRoles.find((role) => role.roleArn === arn);
    if (found === undefined) return [`${name}: ${arn} is not watched`];
    return [
      ...differ(`${name}, tier`, String(found.tier), tier.name),
      ...(tier.maximumSeconds === undefined
        ? []
        : differ(`${name}, minutes at most`, found.maximumMinutes, Math.floor(tier.maximumSeconds / 60))),
    ];
  });
  const arns = new Set(wanted.map(({ arn }) => arn));
  const others = policy.emergencyRoles.filter((role) => !arns.has(role.roleArn));
  return [...missing, ...others.map((role) => `${role.roleArn} is watched, and forge.yaml does not name it`)];
}

const roleArn = (role: string, { account }: Pick<Environment, 'account'>) =>
  role.startsWith('arn:') ? role : `arn:aws:iam::${account}:role/${role}`;
