import { findGroupByName } from '../../aws/identitystore.ts';
import type { AccessAccount } from '../access-account.ts';
import { findGrantRule } from '../grant/grant-rule.ts';
import type { GrantPolicy, Policy } from '../protocol/policy.ts';
import type { ArchivePlace } from './archive-place.ts';

/** What verifying needs of forge.yaml where no trail is compared: how long records are kept. */
export function auditPolicy(place: ArchivePlace, grants: readonly GrantPolicy[] = []): Policy {
  return {
    v: 1,
    identityStoreId: place.identityStoreId,
    account: place.account,
    region: place.region,
    requestLifeMinutes: Math.floor(place.breakGlass.requestLifeSeconds / 60),
    credentialMinutes: 240,
    retentionDays: place.retentionDays,
    tiers: [],
    grants: [...grants],
    emergencyRoles: [],
  };
}

/** The just-in-time groups that forge.yaml names, by the ids that events have. Groups that are not there have no events. */
export async function auditedGrants(
  account: AccessAccount,
  place: ArchivePlace,
): Promise<readonly GrantPolicy[]> {
  const { breakGlass, config } = place;
  const caller = await account();
  const grants: GrantPolicy[] = [];
  for (const tier of breakGlass.tiers.values()) {
    const scenarios = tier.scenarios.length === 0 ? [undefined] : tier.scenarios;
    for (const { name: environment, account: inAccount, production } of config.environments.values()) {
      if (!production || inAccount === undefined) continue;
      if (tier.environments.length > 0 && !tier.environments.includes(environment)) continue;
      for (const scenario of scenarios) {
        const wanted = { tier: tier.name, environment, ...(scenario === undefined ? {} : { scenario }) };
        const rule = findGrantRule(breakGlass, wanted);
        const groupId = rule && (await findGroupByName(caller, rule.groupName));
        if (rule === undefined || groupId === undefined) continue;
        grants.push({
          groupId,
          tier: Number(tier.name),
          account: inAccount,
          environment,
          permissionSet: rule.permissionSet,
          ...(scenario === undefined ? {} : { scenario }),
          maximumMinutes: rule.longest,
        });
      }
    }
  }
  return grants;
}
