import type { Organisation, Person } from '../organisation.ts';

/** Many accounts and permission sets for one person: what listing costs in a large organisation. */
export function assignInBulk(
  organisation: Organisation,
  person: Person,
  accounts: number,
  rolesEach: number,
): { accounts: number; roles: number } {
  for (let role = 1; role <= rolesEach; role++) {
    const name = roleName(role);
    if (organisation.permissionSets.some((set) => set.name === name)) continue;
    organisation.permissionSets.push({
      name,
      description: 'One of many',
      sessionSeconds: 3600,
      policies: [
        { Version: '2012-10-17', Statement: { Effect: 'Allow', Action: 'rds:Describe*', Resource: '*' } },
      ],
    });
  }
  for (let index = 1; index <= accounts; index++) {
    const id = String(600_000_000_000 + index);
    const name = `bulk-${String(index).padStart(4, '0')}`;
    if (!organisation.accounts.some((account) => account.id === id)) {
      organisation.accounts.push({ id, name, email: `aws-${name}@tapp.example`, production: false });
    }
    for (let role = 1; role <= rolesEach; role++) {
      organisation.assignments.push({
        principalType: 'USER',
        principal: person.userName,
        permissionSet: roleName(role),
        account: id,
      });
    }
  }
  return { accounts, roles: accounts * rolesEach };
}

function roleName(number: number): string {
  return `Forge-Bulk-${String(number).padStart(3, '0')}`;
}
