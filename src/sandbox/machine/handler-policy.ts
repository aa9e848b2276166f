import { type Policy, parsePolicy } from '../../breakglass/protocol/policy.ts';
import { jitGroups } from '../break-glass/jit-groups.ts';
import { type Organisation, roleArn } from '../organisation.ts';
import { accessAccount, productionAccounts } from '../seed-accounts.ts';

/** Longest of each scenario, as the sandbox's forge.yaml says: write-break-glass-config.ts. */
const scenarioMinutes: Readonly<Record<string, number>> = {
  instance: 120,
  database: 120,
  kubernetes: 120,
  console: 240,
};

/** As the sandbox's forge.yaml says. */
export const requestLifeMinutes = 240;

/** What the handlers of the sandbox know of its forge.yaml. */
export function handlerPolicy(organisation: Organisation): Policy {
  const { region, identityStoreId, roles } = organisation;
  const parsed = parsePolicy(
    JSON.stringify({
      v: 1,
      identityStoreId,
      account: accessAccount,
      region,
      requestLifeMinutes,
      retentionDays: 2555,
      tiers: [tier(1), tier(2)],
      grants: jitGroups.map(({ tier: number, permissionSet, account, group }) => {
        const scenario = Object.keys(scenarioMinutes).find(
          (name) => group.name === `grp-forge-jit-tier${number}-${name}-${account.name}`,
        );
        return {
          groupId: group.id,
          tier: Number(number),
          account: account.id,
          environment: account.name,
          permissionSet,
          ...(scenario === undefined ? {} : { scenario }),
          maximumMinutes: scenario === undefined ? 240 : scenarioMinutes[scenario],
        };
      }),
      emergencyRoles: productionAccounts.flatMap((account) => {
        const found = (name: string) =>
          roles.find((role) => role.account === account.id && role.name === name);
        const [online, offline] = [found('Forge-Prod-Emergency'), found('Forge-BreakGlass-Offline')];
        const common = { account: account.id, environment: account.name, channel: '#platform-incidents' };
        return [
          ...(online
            ? [{ ...common, roleArn: roleArn(online), tier: 0, maximumMinutes: 60, ticketWithinMinutes: 60 }]
            : []),
          ...(offline ? [{ ...common, roleArn: roleArn(offline), tier: 3, maximumMinutes: 240 }] : []),
        ];
      }),
    }),
  );
  if (!parsed.ok) throw new Error(`The sandbox's policy is wrong: ${parsed.problem}.`);
  return parsed.value;
}

const tier = (number: 1 | 2) => ({
  tier: number,
  approvals: 1,
  approverPermissionSets: [`Forge-BreakGlass-Approve-tier${number}`],
  maximumMinutes: 240,
  ticket: 'before',
  channel: '#platform-support',
});
