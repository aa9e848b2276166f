import type { Account, Group } from '../organisation.ts';
import { productionAccounts, storeId } from '../seed-accounts.ts';

/**
 * The just-in-time groups: one for each tier, scenario and production account, empty until an approver puts somebody
 * in. Each is assigned for good to its permission set, so that a grant is one membership and nothing else.
 */
export interface JitGroup {
  readonly tier: '1' | '2';
  readonly permissionSet: string;
  readonly account: Account;
  readonly group: Group;
}

const scenarios: readonly (readonly [tier: JitGroup['tier'], name: string, permissionSet: string])[] = [
  ['1', 'instance', 'Forge-Prod-Instance'],
  ['1', 'database', 'Forge-Prod-Database'],
  ['1', 'kubernetes', 'Forge-Prod-Kubernetes'],
  ['1', 'console', 'Forge-Prod-Console'],
  ['2', 'read-only', 'Forge-Prod-ReadOnly'],
];

export const jitGroups: readonly JitGroup[] = scenarios.flatMap(([tier, scenario, permissionSet]) =>
  productionAccounts.map((account) => {
    const name = jitGroupName(tier, scenario, account.name);
    return {
      tier,
      permissionSet,
      account,
      group: {
        id: storeId(`group:${name}`),
        name,
        description: `Break-glass tier ${tier}: ${scenario} in ${account.name}`,
      },
    };
  }),
);

/** As forge.yaml names them, where the environment is `{environment}`. */
export function jitGroupName(tier: JitGroup['tier'], scenario: string, environment: string): string {
  return `grp-forge-jit-tier${tier}-${scenario}-${environment}`;
}
