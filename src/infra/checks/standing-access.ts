import { type Check, fact, type Judged, stated } from '../check.ts';

const isJit = ({ intent }: Judged) => new Set(intent.grants.map(({ group }) => group));

/** What may be assigned in production: what forge.yaml's groups name, break-glass itself, and being on call. */
function sanctioned(judged: Judged): (group: string, permissionSet: string, account: string) => boolean {
  const { intent } = judged;
  const key = (...parts: readonly string[]) => parts.join(' ');
  const everyday = new Set(
    intent.everyday.map((entry) => key(entry.group, entry.permissionSet, entry.account)),
  );
  const granted = new Set(intent.grants.map((grant) => key(grant.group, grant.permissionSet, grant.account)));
  return (group, permissionSet, account) =>
    everyday.has(key(group, permissionSet, account)) ||
    granted.has(key(group, permissionSet, account)) ||
    (permissionSet === intent.emergency?.permissionSet && intent.emergency.requesters.includes(group));
}

export const standingAccess: readonly Check[] = [
  stated(
    'standing access',
    {
      id: 'standing.production',
      title: 'nobody is given anything in production for good that forge.yaml’s groups don’t name',
      why: 'Standing access to production is what break-glass is in place of.',
      fix: 'Take the assignment away, or name it in forge.yaml’s groups, where it is reviewed.',
    },
    (judged) => {
      const { deployment, intent } = judged;
      const production = new Map(intent.production.map(({ account, name }) => [account, name]));
      const isSanctioned = sanctioned(judged);
      return deployment.assignments
        .filter(({ account }) => production.has(account))
        .map(({ group, permissionSet, account }) => {
          const holds = isSanctioned(group, permissionSet, account);
          return fact(
            'assignment',
            `${group} → ${permissionSet} in ${production.get(account)}`,
            'named in forge.yaml',
            holds ? 'named in forge.yaml' : 'not named there',
            holds,
          );
        });
    },
  ),
  stated(
    'standing access',
    {
      id: 'standing.just-in-time',
      title: 'each just-in-time group is assigned to its permission set in its account, and to nothing else',
      why: 'A grant would give more than was approved, or nothing.',
      fix: 'Assignments of just-in-time groups follow forge.yaml’s tiers and scenarios.',
    },
    (judged) => {
      const { deployment, intent } = judged;
      return intent.grants.map(({ group, permissionSet, account, environment }) => {
        const found = deployment.assignments.filter((entry) => entry.group === group);
        const right =
          found.length === 1 && found[0]?.permissionSet === permissionSet && found[0].account === account;
        return fact(
          'assignments',
          group,
          `${permissionSet} in ${environment}`,
          found.length === 0
            ? 'none'
            : found.map((entry) => `${entry.permissionSet} in ${entry.account}`).join(', '),
          right,
        );
      });
    },
  ),
  stated(
    'standing access',
    {
      id: 'standing.access-account',
      title: 'in the access account too, only forge.yaml’s groups hold anything',
      why: 'Whoever has power there can change who has access.',
      fix: 'Take the assignment away, or name it in forge.yaml.',
    },
    (judged) => {
      const { deployment, intent } = judged;
      const roles = new Set([
        intent.requestSet,
        intent.auditSet,
        intent.killSet,
        ...intent.tiers.map(({ approverSet }) => approverSet),
      ]);
      const jit = isJit(judged);
      return deployment.assignments
        .filter(({ account }) => account === intent.accessAccount)
        .map(({ group, permissionSet }) => {
          const everyday = intent.everyday.some(
            (entry) =>
              entry.group === group &&
              entry.permissionSet === permissionSet &&
              entry.account === intent.accessAccount,
          );
          const holds =
            everyday || (roles.has(permissionSet) && !jit.has(group) && !group.startsWith('user '));
          return fact(
            'assignment',
            `${group} → ${permissionSet}`,
            'named in forge.yaml',
            holds ? 'named in forge.yaml' : 'not named there',
            holds,
          );
        });
    },
  ),
  stated(
    'standing access',
    {
      id: 'standing.members',
      title: 'Terraform puts nobody into a just-in-time group',
      why: 'It would be access without approval and without an end.',
      fix: 'Remove the aws_identitystore_group_membership: just-in-time groups are empty until somebody approves.',
    },
    (judged) => {
      const jit = isJit(judged);
      const wrong = judged.deployment.membershipsOf.filter((group) => jit.has(group));
      return [
        fact(
          'memberships',
          'just-in-time groups',
          'none',
          wrong.length === 0 ? 'none' : wrong.join(', '),
          wrong.length === 0,
        ),
      ];
    },
  ),
  stated(
    'standing access',
    {
      id: 'standing.groups',
      title: 'every just-in-time group of forge.yaml is there',
      why: 'A tier that nobody can be let into.',
      fix: 'Export again after changing tiers, scenarios or environments.',
    },
    ({ intent, deployment }) =>
      intent.grants.map(({ group }) => {
        const there = deployment.groups.has(group);
        return fact('group', group, 'there', there ? 'there' : 'missing', there);
      }),
  ),
];
