import { evaluatePolicies } from '../../iam/evaluate.ts';
import type { PolicyDocument } from '../../iam/policy.ts';
import { type ContextEntries, requestContext } from '../../iam/request-context.ts';
import type { Question } from '../ask.ts';
import { type Caller, inRole, inSet, stranger } from '../caller.ts';
import { answered, type Check, type Judged, stated } from '../check.ts';
import { type DeployedRole, deployedRoleArn } from '../deployment.ts';
import { act, findSet, one, productionRoles } from './cast.ts';
import { emergencyRoles } from './emergency.ts';

const fix = 'Take database-role-trust.json and database-access.json as forge infra export writes them.';
const names = ['readonly-rds-access', 'write-rds-access'] as const;

const databaseRoles = (judged: Judged): readonly DeployedRole[] =>
  names.flatMap((name) => productionRoles(judged, name));

const become = (role: DeployedRole, caller: Caller, context: ContextEntries): Question => ({
  caller,
  action: 'sts:AssumeRole',
  resources: [deployedRoleArn(role)],
  context,
});

/** Somebody with a permission set in the account of a role. */
function holder(judged: Judged, name: string, account: string): readonly Caller[] {
  const set = findSet(judged, name);
  return set ? [inSet(judged.intent, judged.deployment, set, account)] : [];
}

/** Permission sets that break-glass gives in an account, with whether their own policies lead to a role. */
const given = (judged: Judged, account: string): readonly Caller[] =>
  [
    ...new Set(
      judged.intent.grants
        .filter((grant) => grant.account === account)
        .map(({ permissionSet }) => permissionSet),
    ),
  ].flatMap((name) => holder(judged, name, account));

const all: PolicyDocument = {
  Version: '2012-10-17',
  Statement: { Effect: 'Allow', Action: '*', Resource: '*' },
};

/** Whether a set's own policies let it become the role: which it is meant for. */
const leadsTo = ({ policies }: Caller, role: DeployedRole): boolean =>
  evaluatePolicies(policies, {
    action: 'sts:AssumeRole',
    resource: deployedRoleArn(role),
    context: requestContext({}),
  }) === 'allow';

const ownName = { 'sts:SourceIdentity': one.userName, 'sts:RoleSessionName': one.userName };

export const databases: readonly Check[] = [
  answered(
    'databases',
    'allowed',
    {
      id: 'database.own-name',
      title: 'somebody whom break-glass lets into databases becomes their role, in their own name',
      why: 'Nobody would reach a database in an incident.',
      fix,
      applies: ({ databases: some }) => some,
    },
    (judged) =>
      databaseRoles(judged).flatMap((role) => {
        const all = given(judged, role.account);
        const meant = all.filter((caller) => leadsTo(caller, role));
        // Where no permission set leads to it, nobody gets there.
        return (meant.length === 0 ? all : meant).map((caller) => become(role, caller, ownName));
      }),
  ),
  answered(
    'databases',
    'denied',
    {
      id: 'database.no-name',
      title: 'nobody becomes a database role without a SourceIdentity, or with another’s',
      why: 'The database would not know who it was, and an end could not reach them.',
      fix,
    },
    (judged) =>
      databaseRoles(judged).flatMap((role) =>
        given(judged, role.account).flatMap((caller) => [
          become(role, caller, { 'sts:RoleSessionName': 'x' }),
          become(role, caller, { ...ownName, 'sts:SourceIdentity': 'another@example.org' }),
        ]),
      ),
  ),
  answered(
    'databases',
    'denied',
    {
      id: 'database.write.read-only',
      title: 'the writing role trusts no set of break-glass that is not meant to write',
      why: 'Tier 2 would change data.',
      fix: 'writers must name only the permission sets that may write.',
      mayBeNobody: true,
    },
    (judged) =>
      productionRoles(judged, 'write-rds-access').flatMap((role) =>
        given(judged, role.account)
          .filter((caller) => !leadsTo(caller, role))
          .map((caller) => become(role, { ...caller, policies: [all] }, ownName)),
      ),
  ),
  answered(
    'databases',
    'denied',
    {
      id: 'database.write.trust',
      title: 'the writing role trusts no permission set for looking, whatever that set’s own policy says',
      why: 'One line more in a permission set would be writing.',
      fix: 'writers must name only the permission sets that may write.',
      mayBeNobody: true,
    },
    (judged) =>
      productionRoles(judged, 'write-rds-access').flatMap((role) =>
        ['Forge-Prod-ReadOnly', 'Forge-Prod-Console', 'Forge-Developer', 'Anything'].map((name) =>
          become(
            role,
            inSet(
              judged.intent,
              judged.deployment,
              {
                name,
                sessionMinutes: 60,
                policies: [
                  { Version: '2012-10-17', Statement: { Effect: 'Allow', Action: '*', Resource: '*' } },
                ],
                unknown: [],
                boundary: undefined,
              },
              role.account,
            ),
            ownName,
          ),
        ),
      ),
  ),
  answered(
    'databases',
    'denied',
    {
      id: 'database.foreign',
      title: 'no other account, and no program of the account, becomes a database role',
      why: 'It would be a way into production’s data that nobody asked for.',
      fix,
    },
    (judged) =>
      databaseRoles(judged).flatMap((role) =>
        [stranger(), stranger(judged.intent.accessAccount), stranger(role.account)].map((caller) =>
          become(role, { ...caller, label: `a role of ${caller.account} with all power` }, ownName),
        ),
      ),
  ),
  answered(
    'databases',
    'allowed',
    {
      id: 'database.emergency',
      title: 'an emergency becomes the database roles, in the name that it carries',
      why: 'Databases would be out of reach when they matter most.',
      fix,
      applies: ({ emergency }) => emergency !== undefined,
    },
    (judged) =>
      emergencyRoles(judged).flatMap((role) =>
        names
          .flatMap((name) => productionRoles(judged, name))
          .filter(({ account }) => account === role.account)
          .map((target) =>
            become(target, inRole(judged.deployment, role, one.userId), { 'sts:RoleSessionName': 'x' }),
          ),
      ),
  ),
  answered(
    'databases',
    'denied',
    {
      id: 'database.emergency.no-name',
      title: 'an emergency that carries no name becomes none',
      why: 'An end for a person could not reach it.',
      fix,
      applies: ({ emergency }) => emergency !== undefined,
    },
    (judged) =>
      emergencyRoles(judged).flatMap((role) =>
        names
          .flatMap((name) => productionRoles(judged, name))
          .filter(({ account }) => account === role.account)
          .map((target) => become(target, inRole(judged.deployment, role), {})),
      ),
  ),
  answered(
    'databases',
    'denied',
    {
      id: 'database.users',
      title: 'a database role logs in as forge’s database users only, the reading one not as the writing one',
      why: 'Whoever logs in as the owner may do anything, without a trace of forge.',
      fix: 'reading_users and writing_users name the database users.',
    },
    (judged) => {
      const login = (role: DeployedRole, user: string) =>
        act(
          inRole(judged.deployment, role, one.userId),
          'rds-db:connect',
          `arn:aws:rds-db:${judged.intent.region}:${role.account}:dbuser:cluster-ABC/${user}`,
        );
      return [
        ...databaseRoles(judged).flatMap((role) =>
          ['postgres', 'rdsadmin', 'master', 'developer'].map((user) => login(role, user)),
        ),
        ...productionRoles(judged, 'readonly-rds-access').map((role) => login(role, 'forge_rw')),
      ];
    },
  ),
  stated(
    'databases',
    {
      id: 'database.bounded',
      title: 'every database role of production carries the boundary of revocations',
      why: 'What was issued through it would live on after the end.',
      fix: 'permissions_boundary = the policy ForgeBreakGlassRevocations.',
    },
    (judged) =>
      databaseRoles(judged).map((role) => ({
        what: 'boundary',
        resource: deployedRoleArn(role),
        expected: 'ForgeBreakGlassRevocations',
        found: role.boundary ?? 'none',
        holds: role.boundary === 'ForgeBreakGlassRevocations',
      })),
  ),
];
