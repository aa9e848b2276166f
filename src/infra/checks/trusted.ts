import { parsePolicy } from '../../breakglass/protocol/policy.ts';
import { list, type PolicyDocument, type PolicyStatement } from '../../iam/policy.ts';
import { type Check, fact, stated } from '../check.ts';
import { deployedRoleArn } from '../deployment.ts';

export const trusted: readonly Check[] = [
  stated(
    'standing access',
    {
      id: 'standing.policy',
      title: 'what the functions are told of tiers, groups and roles is what forge.yaml says',
      why: 'They judge each grant by it.',
      fix: 'Export again after changing forge.yaml; policy is written by Terraform alone.',
    },
    ({ deployment, intent }) => {
      if (deployment.handlersPolicy === undefined)
        return [fact('policy', 'policy/….json', 'there', undefined, false)];
      const read = parsePolicy(deployment.handlersPolicy);
      if (!read.ok) return [fact('policy', 'policy/….json', 'readable', read.problem, false)];
      const { grants, tiers, account, region, identityStoreId } = read.value;
      const line = (parts: readonly (string | number)[]) => parts.join(' ');
      const told = grants
        .map((grant) =>
          line([grant.groupId, grant.tier, grant.account, grant.permissionSet, grant.maximumMinutes]),
        )
        .sort();
      const wanted = intent.grants
        .map((grant) =>
          line([
            deployment.groups.get(grant.group) ?? '?',
            grant.tier,
            grant.account,
            grant.permissionSet,
            grant.maximumMinutes,
          ]),
        )
        .sort();
      const approvers = tiers.map((tier) => line([tier.tier, ...tier.approverPermissionSets])).sort();
      const approversWanted = intent.tiers.map((tier) => line([tier.name, tier.approverSet])).sort();
      const same = (one: readonly string[], other: readonly string[]) => one.join('\n') === other.join('\n');
      const place = line([account, region, identityStoreId]);
      const placeWanted = line([intent.accessAccount, intent.region, intent.identityStore]);
      return [
        fact(
          'grants',
          'policy/….json',
          `${wanted.length} groups of forge.yaml`,
          same(told, wanted) ? `${wanted.length} groups of forge.yaml` : 'others',
          same(told, wanted),
        ),
        fact(
          'approvers',
          'policy/….json',
          approversWanted.join(', '),
          approvers.join(', '),
          same(approvers, approversWanted),
        ),
        fact('account, region, identity store', 'policy/….json', placeWanted, place, place === placeWanted),
      ];
    },
  ),
  stated(
    'standing access',
    {
      id: 'standing.trust',
      title: 'no role and no resource trusts everybody, or an account that forge.yaml doesn’t know',
      why: 'Somebody from outside could become it.',
      fix: 'A trust names an account of forge.yaml, or a service; "*" only in a Deny.',
    },
    (judged) => {
      const { deployment, intent } = judged;
      const known = new Set([intent.accessAccount, ...intent.production.map(({ account }) => account)]);
      const all: readonly (readonly [string, PolicyDocument | undefined])[] = [
        ...deployment.roles.map((role) => [deployedRoleArn(role), role.trust] as const),
        ...deployment.buckets.map(({ name, policy }) => [`bucket ${name}`, policy] as const),
        ...deployment.resourcePolicies.map(({ what, document }) => [what, document] as const),
      ];
      return all.map(([resource, document]) => {
        const broad = statements(document).flatMap((statement) => tooBroad(statement, known));
        return fact(
          'trusts',
          resource,
          'known principals',
          broad.length === 0 ? 'known principals' : broad.join(', '),
          broad.length === 0,
        );
      });
    },
  ),
];

const statements = (document: PolicyDocument | undefined): readonly PolicyStatement[] =>
  list(document?.Statement);

/** Principals of an Allow that are nobody in particular, or of an account that nobody named. */
function tooBroad(
  { Effect, Principal, ...rest }: PolicyStatement,
  known: ReadonlySet<string>,
): readonly string[] {
  if (Effect !== 'Allow') return [];
  if ('NotPrincipal' in rest) return ['everybody but some (NotPrincipal)'];
  if (Principal === undefined) return [];
  if (Principal === '*') return ['everybody (*)'];
  return list(Principal.AWS).flatMap((name) => {
    if (name === '*') return ['everybody (*)'];
    const [account] = /\d{12}/.exec(name) ?? [];
    return account !== undefined && known.has(account) ? [] : [name];
  });
}
