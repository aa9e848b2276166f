import { evaluatePolicies } from '../../iam/evaluate.ts';
import { requestContext } from '../../iam/request-context.ts';
import type { Question } from '../ask.ts';
import { another, type Caller, inRole, inSet, one, type Who } from '../caller.ts';
import type { Judged } from '../check.ts';
import type { DeployedBucket, DeployedRole, DeployedSet } from '../deployment.ts';

/** Who acts in the checks, and on what. */
export const handlers = ['recorder', 'revoker', 'sweeper', 'exporter'] as const;
export type Handler = (typeof handlers)[number];

export const findSet = ({ deployment }: Judged, name: string | undefined): DeployedSet | undefined =>
  deployment.permissionSets.find((set) => set.name === name);

/** Somebody with a permission set in the access account; an empty list where the plan has no such set. */
export function holders(judged: Judged, name: string | undefined, who: Who = one): readonly Caller[] {
  const set = findSet(judged, name);
  return set ? [inSet(judged.intent, judged.deployment, set, judged.intent.accessAccount, who)] : [];
}

export const requesters = (judged: Judged, who?: Who): readonly Caller[] =>
  holders(judged, judged.intent.requestSet, who);
export const killers = (judged: Judged, who?: Who): readonly Caller[] =>
  holders(judged, judged.intent.killSet, who);
export const auditors = (judged: Judged, who?: Who): readonly Caller[] =>
  holders(judged, judged.intent.auditSet, who);

export interface TierApprover {
  readonly tier: string;
  readonly caller: Caller;
}

export const approvers = (judged: Judged, who?: Who): readonly TierApprover[] =>
  judged.intent.tiers.flatMap(({ name, approverSet }) =>
    holders(judged, approverSet, who).map((caller) => ({ tier: name, caller })),
  );

/** A person is none of these: an approver's policies, and no user id. */
export const nobody: Who = { userId: undefined, userName: 'program' };

export const handlerRole = ({ deployment, intent }: Judged, handler: Handler): DeployedRole | undefined =>
  deployment.roles.find(
    ({ name, account }) => name === `forge-breakglass-${handler}` && account === intent.accessAccount,
  );

export const handler = (judged: Judged, name: Handler): readonly Caller[] => {
  const role = handlerRole(judged, name);
  return role ? [inRole(judged.deployment, role)] : [];
};

export const allHandlers = (judged: Judged): readonly Caller[] =>
  handlers.flatMap((name) => handler(judged, name));

/** Roles of a name in every production account. */
export const productionRoles = ({ deployment, intent }: Judged, name: string): readonly DeployedRole[] =>
  deployment.roles.filter(
    (role) => role.name === name && intent.production.some(({ account }) => account === role.account),
  );

/** Permission sets that are assigned to whole groups for everyday work, in an account; not those of break-glass itself. */
export function everyday(judged: Judged, account: string): readonly Caller[] {
  const { deployment, intent } = judged;
  const ofBreakGlass = new Set([
    intent.requestSet,
    intent.auditSet,
    intent.killSet,
    intent.emergency?.permissionSet,
    ...intent.tiers.map(({ approverSet }) => approverSet),
  ]);
  const jit = new Set(intent.grants.map(({ group }) => group));
  const names = new Set(
    deployment.assignments
      .filter(
        (entry) =>
          entry.account === account && !jit.has(entry.group) && !ofBreakGlass.has(entry.permissionSet),
      )
      .map(({ permissionSet }) => permissionSet),
  );
  return [...names].flatMap((name) => {
    const set = findSet(judged, name);
    return set ? [inSet(intent, deployment, set, account)] : [];
  });
}

/** Whoever a grant makes of somebody, in the account that it is for. */
export function granted({ deployment, intent }: Judged): readonly Caller[] {
  const keys = new Map(intent.grants.map((grant) => [`${grant.permissionSet} ${grant.account}`, grant]));
  return [...keys.values()].flatMap(({ permissionSet, account }) => {
    const set = deployment.permissionSets.find(({ name }) => name === permissionSet);
    return set ? [inSet(intent, deployment, set, account)] : [];
  });
}

/**
 * Whoever has standing power in the access account: what is assigned there, and every set that administers another account, as if
 * it were. Who administers those is often written elsewhere.
 */
export function administrators(judged: Judged): readonly Caller[] {
  const { deployment, intent } = judged;
  const names = new Set(everyday(judged, intent.accessAccount).map(({ label }) => label));
  const elsewhere = intent.production
    .flatMap(({ account }) => everyday(judged, account))
    .filter(isAdministrator);
  const asIfThere = [...new Set(elsewhere.map(({ label }) => label))]
    .filter((label) => !names.has(label))
    .flatMap((label) => {
      const set = deployment.permissionSets.find(({ name }) => label.endsWith(` ${name}`));
      return set ? [inSet(intent, deployment, set, intent.accessAccount)] : [];
    });
  return [...everyday(judged, intent.accessAccount), ...asIfThere];
}

/** What is not known of a set may be all power. */
export const isAdministrator = ({ policies, account, unknown }: Caller): boolean =>
  unknown.length > 0 ||
  evaluatePolicies(policies, {
    action: 'iam:CreateRole',
    resource: `arn:aws:iam::${account}:role/any`,
    context: requestContext({}),
  }) === 'allow';

export const userArn = (who: Who): string => `arn:aws:identitystore:::user/${who.userId}`;
export const membershipArn = 'arn:aws:identitystore:::membership/00000000-0000-4000-8000-00000000abcd';
export const storeArn = ({ intent }: Judged): string =>
  `arn:aws:identitystore::${intent.accessAccount}:identitystore/${intent.identityStore}`;

/** ARNs of a tier's just-in-time groups; of all tiers without one. */
export const tierGroups = ({ intent, deployment }: Judged, tier?: string): readonly string[] =>
  intent.grants
    .filter((grant) => tier === undefined || grant.tier === tier)
    .flatMap(({ group }) => {
      const id = deployment.groups.get(group);
      return id === undefined ? [] : [`arn:aws:identitystore:::group/${id}`];
    });

/** Groups of the plan that no tier gives: teams, approvers, administrators. */
export const otherGroups = ({ intent, deployment }: Judged): readonly string[] => {
  const jit = new Set(intent.grants.map(({ group }) => group));
  const ids = [...deployment.groups].filter(([name]) => !jit.has(name)).map(([, id]) => id);
  // Identity providers make groups that Terraform never heard of.
  return [...ids, '33333333-3333-4333-8333-333333333333'].map((id) => `arn:aws:identitystore:::group/${id}`);
};

export const add = (judged: Judged, caller: Caller, group: string, who: Who): Question => ({
  caller,
  action: 'identitystore:CreateGroupMembership',
  resources: [group, storeArn(judged), userArn(who)],
});

export const remove = (judged: Judged, caller: Caller, group: string, who: Who): Question => ({
  caller,
  action: 'identitystore:DeleteGroupMembership',
  resources: [group, storeArn(judged), userArn(who), membershipArn],
});

/** Written only where nothing is yet. */
export const once = { 's3:if-none-match': '*' };

export const intakeKey = ({ intent }: Judged, key: string): string =>
  `arn:aws:s3:::${intent.intakeBucket}/${key}`;
export const archiveKey = ({ intent }: Judged, key: string): string =>
  `arn:aws:s3:::${intent.archiveBucket}/${key}`;

export const put = (caller: Caller, resource: string, context: Question['context'] = once): Question => ({
  caller,
  action: 's3:PutObject',
  resources: [resource],
  context,
});

export const act = (caller: Caller, action: string, ...resources: readonly string[]): Question => ({
  caller,
  action,
  resources,
});

export const request = 'BG-01KAJ2K3W0000000000000C7F3';
export const record = `sessions/${request}/000000.json`;
export const evidenceFile = `sessions/${request}/files/client-000000.jsonl`;
export { another, one };

export const bucketKinds = ['intake', 'archive', 'configuration'] as const;
export type BucketKind = (typeof bucketKinds)[number];

export const findBucket = ({ deployment, intent }: Judged, kind: BucketKind): DeployedBucket | undefined =>
  deployment.buckets.find(({ name }) => name === intent[`${kind}Bucket`]);

export const bucketArn = ({ intent }: Judged, kind: BucketKind): string =>
  `arn:aws:s3:::${intent[`${kind}Bucket`]}`;
