import { jitGroups } from './break-glass/jit-groups.ts';
import type { Assignment } from './organisation.ts';
import { accounts, productionAccounts } from './seed-accounts.ts';

const production = productionAccounts.map(({ name }) => name);

/** Group → permission set → environments. */
const table: readonly (readonly [group: string, permissionSet: string, environments: readonly string[]])[] = [
  ['platform-admins', 'Forge-Admin', accounts.map(({ name }) => name)],
  ['developers', 'Forge-Developer', ['dev', 'qa']],
  ['qa-engineers', 'Forge-QA', ['qa']],
  ['qa-engineers', 'Forge-QA-ReadOnly', ['dev']],
  ['9squid-team', 'Forge-9Squid', ['dev']],
  ['sre-oncall', 'Forge-SRE', ['dev', 'qa']],
  ['wealth-prod', 'Forge-Wealth-ReadOnly', ['prod-wealth']],
  ['data-analysts', 'Forge-DataAnalyst', ['prod-wealth', 'prod-cash', 'prod-9squid']],
  // Asking, approving, and the way to tier 0's role: none of them reaches anything of production by itself.
  ['developers', 'Forge-BreakGlass-Request', ['access']],
  ['sre-oncall', 'Forge-BreakGlass-Request', ['access']],
  ['approvers-managers', 'Forge-BreakGlass-Approve-tier1', ['access']],
  ['approvers-senior', 'Forge-BreakGlass-Approve-tier2', ['access']],
  ['platform-admins', 'Forge-BreakGlass-Kill', ['access']],
  ['auditors', 'Forge-BreakGlass-Audit', ['access']],
  ['sre-oncall', 'Forge-SRE-OnCall', production],
];

/** What is assigned for good, just-in-time groups included: what they give is gated by who is in them. */
export function groupAssignments(): Assignment[] {
  const standing = table.flatMap(([group, permissionSet, environments]) =>
    accounts
      .filter(({ name }) => environments.includes(name))
      .map(({ id }) => assignment(`grp-forge-${group}`, permissionSet, id)),
  );
  const justInTime = jitGroups.map(({ group, permissionSet, account }) =>
    assignment(group.name, permissionSet, account.id),
  );
  return [...standing, ...justInTime];
}

function assignment(principal: string, permissionSet: string, account: string): Assignment {
  return { principalType: 'GROUP', principal, permissionSet, account };
}
