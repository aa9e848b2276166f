import type { BreakGlass, Tier } from '../../config/break-glass.ts';
import type { AccessRequest } from '../protocol/request.ts';

/** What forge.yaml allows of one kind of access. Minutes. */
export interface GrantRule {
  readonly tier: Tier;
  readonly permissionSet: string;
  /** Display name of the just-in-time group. */
  readonly groupName: string;
  readonly shortest: number;
  readonly longest: number;
  readonly approvals: number;
  readonly requestLifeMinutes: number;
}

/** IAM's longest session; what a tier without a limit is limited to. */
const longestMinutes = 720;

/** Undefined: forge.yaml has no such tier or scenario, or does not say which group grants it. */
export function findGrantRule(
  breakGlass: BreakGlass,
  wanted: Pick<AccessRequest, 'environment' | 'scenario'> & { readonly tier: number | string },
): GrantRule | undefined {
  const tier = breakGlass.tiers.get(String(wanted.tier));
  if (tier === undefined || tier.approval !== 'approver') return undefined;
  const scenario = wanted.scenario === undefined ? undefined : breakGlass.scenarios.get(wanted.scenario);
  const known = wanted.scenario === undefined || tier.scenarios.includes(wanted.scenario);
  if (!known || (scenario === undefined) !== (tier.scenarios.length === 0)) return undefined;
  const permissionSet = scenario?.permissionSet ?? tier.permissionSet;
  const group = scenario?.group ?? tier.group;
  if (permissionSet === undefined || group === undefined) return undefined;
  const minutes = (seconds: number | undefined) =>
    seconds === undefined ? longestMinutes : Math.floor(seconds / 60);
  const longest = Math.min(minutes(tier.maximumSeconds), minutes(scenario?.maximumSeconds));
  return {
    tier,
    permissionSet,
    groupName: group.replaceAll('{environment}', wanted.environment),
    shortest: Math.min(longest, Math.ceil((tier.minimumSeconds ?? 60) / 60)),
    longest,
    approvals: tier.approvals,
    requestLifeMinutes: Math.floor(breakGlass.requestLifeSeconds / 60),
  };
}
