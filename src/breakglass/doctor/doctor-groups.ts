import { awsErrorName } from '../../aws/aws-error.ts';
import { findGroupByName } from '../../aws/identitystore.ts';
import type { BreakGlassPlace } from '../break-glass-place.ts';
import { findGrantRule } from '../grant/grant-rule.ts';
import type { DoctorCaller } from './doctor-callers.ts';
import type { Finding } from './finding.ts';

export interface GrantGroup {
  readonly name: string;
  readonly tier: string;
  /** What it gives, as forge.yaml has it. */
  readonly environment: string;
  readonly account: string;
  readonly permissionSet: string;
  /** Longest that it gives it. */
  readonly minutes: number;
  /** Undefined: Identity Center has none of that name. */
  readonly id: string | undefined;
}

/** Every group that a grant can be: each tier, scenario and production environment of forge.yaml, each group once. */
export function namedGrantGroups({ breakGlass, config }: BreakGlassPlace): readonly Omit<GrantGroup, 'id'>[] {
  const production = [...config.environments.values()].filter((environment) => environment.production);
  const groups = [...breakGlass.tiers.values()].flatMap((tier) =>
    production
      .filter(({ name }) => tier.environments.length === 0 || tier.environments.includes(name))
      .flatMap(({ name: environment, account }) =>
        (tier.scenarios.length === 0 ? [undefined] : tier.scenarios).flatMap((scenario) => {
          const wanted = { tier: tier.name, environment, ...(scenario === undefined ? {} : { scenario }) };
          const rule = findGrantRule(breakGlass, wanted);
          if (rule === undefined) return [];
          const { groupName: name, permissionSet, longest: minutes } = rule;
          return [[name, { name, tier: tier.name, environment, account, permissionSet, minutes }] as const];
        }),
      ),
  );
  return [...new Map(groups).values()];
}

/** The first group of each tier: what refuses one of them is the same statement for all, so it tells as much, and with less noise. */
export function firstOfEachTier<
  Group extends Pick<GrantGroup, 'tier' | 'name'> & { readonly id?: string | undefined },
>(groups: readonly Group[]): readonly Group[] {
  const first = new Map<string, Group>();
  for (const group of groups) {
    const known = first.get(group.tier);
    if (known === undefined || (known.id === undefined && group.id !== undefined))
      first.set(group.tier, group);
  }
  return [...first.values()];
}

export async function grantGroups(
  caller: DoctorCaller,
  named: ReturnType<typeof namedGrantGroups>,
): Promise<readonly GrantGroup[]> {
  const groups: GrantGroup[] = [];
  for (const group of named) groups.push({ ...group, id: await findGroupOrRefusal(caller, group.name) });
  return groups;
}

/** Whoever may read named groups only is refused one that is not there: an id that is asked for has no ARN then. */
async function findGroupOrRefusal(caller: DoctorCaller, name: string): Promise<string | undefined> {
  try {
    return await findGroupByName(caller, name);
  } catch (error) {
    if (/^AccessDenied/.test(awsErrorName(error) ?? '')) return undefined;
    throw error;
  }
}

export function groupsFinding(groups: readonly GrantGroup[]): Omit<Finding, 'check'> {
  const missing = groups.filter(({ id }) => id === undefined).map(({ name }) => name);
  if (groups.length === 0)
    return { verdict: 'bad', detail: 'forge.yaml names no group that a grant could be: break_glass.tiers' };
  if (missing.length === 0) return { verdict: 'ok', detail: `all ${groups.length} are there` };
  return {
    verdict: 'bad',
    detail: `${missing.length} of ${groups.length} are not there, or hidden from you: ${missing.join(', ')}`,
    hint: 'An administrator has to make them, or to correct their names: forge config show',
  };
}
