import emergency from '../../../infra/modules/production-account/policies/emergency.json' with {
  type: 'json',
};
import guard from '../../../infra/modules/production-account/policies/emergency-guard.json' with {
  type: 'json',
};
import emergencyTrust from '../../../infra/modules/production-account/policies/emergency-trust.json' with {
  type: 'json',
};
import offlineTrust from '../../../infra/modules/production-account/policies/offline-trust.json' with {
  type: 'json',
};
import { fillPolicy } from '../../iam/fill-policy.ts';
import { derivedId } from '../issued-keys.ts';
import type { Account, Role } from '../organisation.ts';
import { offlineRoleName, revocationsArn } from './arns.ts';
import { productionNames } from './policy-names.ts';

/**
 * Tier 0: whoever is on call assumes it, and who, why and for which incident is in the call itself, so that CloudTrail
 * has it without anything of forge. Its trust has one statement an action: the keys that AWS knows differ from one to the next.
 */
export const emergencyRole = (account: Account): Role =>
  emergencyAccess(account, 'Forge-Prod-Emergency', '0', 1, emergencyTrust);

/** Tier 3: the same for the offline user, with the device that another person holds. */
export const offlineRole = (account: Account): Role =>
  emergencyAccess(account, offlineRoleName, '3', 4, offlineTrust);

function emergencyAccess(account: Account, name: string, tier: string, hours: number, trust: object): Role {
  const names = productionNames(account);
  return {
    account: account.id,
    name,
    path: '/forge/',
    id: derivedId('AROA', `${account.id}:${name}`),
    maxSessionSeconds: hours * 3600,
    tags: { tier },
    boundary: revocationsArn(account.id),
    // What it may do, and what no emergency needs: blinding those who watch, the roles of forge, and what outlives it.
    policies: [fillPolicy('identity', [emergency, guard], names)],
    trust: fillPolicy('trust', [trust], names),
  };
}
