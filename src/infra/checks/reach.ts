import { list } from '../../iam/policy.ts';
import type { Question } from '../ask.ts';
import { type Caller, inRole } from '../caller.ts';
import { answered, type Check, type Fact, fact, type Judged, stated } from '../check.ts';
import { type DeployedRole, deployedRoleArn } from '../deployment.ts';
import { act, one, productionRoles } from './cast.ts';

/** How far a database role or a cluster's entry leads: to what is tagged or named, and no further. */
const databaseRoles = (judged: Judged): readonly DeployedRole[] =>
  ['readonly-rds-access', 'write-rds-access'].flatMap((name) => productionRoles(judged, name));

/** IAM's own limit for all inline policies of a role, and Identity Center's for a set's; white space does not count. */
const mostCharacters = 10_240;

export const reach: readonly Check[] = [
  stated(
    'databases',
    {
      id: 'database.reached',
      title: 'where forge.yaml has databases, the database roles lead to one or more',
      why: 'Nobody would reach a database in an incident: none carries the tag.',
      fix: 'Tag it (aws rds add-tags-to-resource --resource-name <its ARN> --tags Key=forge-access,Value=break-glass), or name its resource id in database_resource_ids; then plan again.',
    },
    (judged) => {
      const wanted = judged.intent.production.filter(({ databases }) => databases.length > 0);
      if (wanted.length === 0) return [fact('databases', 'forge.yaml', 'one or more', 'has none', true)];
      return wanted.flatMap(({ account, name }) =>
        databaseRoles(judged)
          .filter((role) => role.account === account)
          .map((role) => {
            const { length } = reachedBy(role);
            return fact(
              'rds-db:connect',
              `${role.name} in ${name}`,
              'one database or more',
              role.unknown.length > 0 ? undefined : `${length}`,
              length > 0,
            );
          }),
      );
    },
  ),
  stated(
    'databases',
    {
      id: 'database.exact',
      title: 'a database role leads to the databases of the output reached, and to no other of its account',
      why: 'A database that nobody tagged or named would be opened with the rest.',
      fix: 'Take database-access.json and database-roles.tf as forge infra export writes them, and plan again.',
    },
    (judged) =>
      databaseRoles(judged).map((role) => {
        const meant = judged.deployment.databases.get(role.account);
        const more = reachedBy(role).filter((id) => !meant?.includes(id) && !meant?.includes('*'));
        return fact(
          'rds-db:connect',
          deployedRoleArn(role),
          'what is tagged or named',
          meant === undefined ? undefined : more.length === 0 ? 'that' : `${more.length} beside: ${more[0]}`,
          more.length === 0,
        );
      }),
  ),
  answered(
    'databases',
    'denied',
    {
      id: 'database.elsewhere',
      title: 'a database role leads to no database of another account',
      why: 'A grant for one account would open another’s data.',
      fix: 'Take database-access.json as forge infra export writes it.',
    },
    (judged) =>
      databaseRoles(judged).flatMap((role) =>
        otherAccounts(judged, role.account).map((account) => login(judged, role, account)),
      ),
  ),
  stated(
    'databases',
    {
      id: 'cluster.entries',
      title: 'clusters of production let in roles of Identity Center and emergencies, and nobody else',
      why: 'Whoever is let in by another way is let in for good, and no end reaches them.',
      fix: 'Take modules/cluster-access as forge infra export writes it: people get in by a permission set.',
    },
    ({ intent, deployment }) =>
      intent.production.map(({ account, name }): Fact => {
        const entries = deployment.clusterEntries.filter((entry) => entry.account === account);
        const strangers = entries.filter(
          ({ principal }) => principal !== undefined && !isOurs(principal, account),
        );
        const unknown = entries.some(({ principal }) => principal === undefined);
        return fact(
          'access entries',
          `clusters of ${name}`,
          'permission sets and emergencies',
          strangers[0]
            ? `${strangers[0].principal} in ${strangers[0].cluster}`
            : unknown
              ? undefined
              : 'those',
          strangers.length === 0,
        );
      }),
  ),
  stated(
    'standing access',
    {
      id: 'standing.size',
      title: `the policies of each permission set and role stay within what AWS takes: ${mostCharacters} characters`,
      why: 'The apply would end half way, with some doors new and some old.',
      fix: 'Fewer just-in-time groups; for a database role fewer tagged databases, or all of the account: database_resource_ids = { <environment> = ["*"] }.',
    },
    ({ deployment }) => {
      const sized = [
        ...deployment.permissionSets.map(({ name, policies }) => ({ name, policies })),
        ...deployment.roles.map((role) => ({ name: deployedRoleArn(role), policies: role.policies })),
      ];
      return sized.map(({ name, policies }) => {
        const characters = policies.reduce(
          (sum, policy) => sum + JSON.stringify(policy).replaceAll(' ', '').length,
          0,
        );
        return fact(
          'policy size',
          name,
          `at most ${mostCharacters}`,
          `${characters}`,
          characters <= mostCharacters,
        );
      });
    },
  ),
];

/** Resource ids that a role may log in to; what is no ARN of a database is kept as it stands. */
const reachedBy = ({ policies }: Pick<Caller, 'policies'>): readonly string[] => [
  ...new Set(
    policies
      .flatMap(({ Statement }) => list(Statement))
      .filter(({ Effect, Action }) => Effect === 'Allow' && list(Action ?? '*').some(isLogin))
      .flatMap(({ Resource }) => list(Resource ?? '*'))
      .map(
        (resource) =>
          /^arn:aws[a-z-]*:rds-db:[^:]*:\d{12}:dbuser:([^/]+)\/[^*?/]+$/.exec(resource)?.[1] ?? resource,
      ),
  ),
];

const isLogin = (action: string): boolean => /^(?:rds-db:.*|\*)$/i.test(action);

const otherAccounts = ({ intent }: Judged, own: string): readonly string[] => [
  '000000000000',
  ...intent.production.map(({ account }) => account).filter((account) => account !== own),
];

const login = (judged: Judged, role: DeployedRole, account: string): Question =>
  act(
    inRole(judged.deployment, role, one.userId),
    'rds-db:connect',
    `arn:aws:rds-db:${judged.intent.region}:${account}:dbuser:cluster-ABC/${role.name === 'write-rds-access' ? 'forge_rw' : 'forge_ro'}`,
  );

const isOurs = (principal: string, account: string): boolean =>
  new RegExp(
    `^arn:aws[a-z-]*:iam::${account}:role/(?:aws-reserved/sso\\.amazonaws\\.com/|forge/Forge-(?:Prod-Emergency|BreakGlass-Offline)$)`,
  ).test(principal);
