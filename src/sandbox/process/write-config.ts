import { stringify } from 'yaml';
import type { Assignment, Cluster, Organisation } from '../organisation.ts';
import { tunnelDocumentName } from '../ssm/own-documents.ts';
import { breakGlassConfig, onCallPermissionSet } from './write-break-glass-config.ts';

/** What a person holds by default in an environment; in the others nobody has standing access. */
const standingPermissionSets: Readonly<Record<string, string>> = {
  dev: 'Forge-Developer',
  qa: 'Forge-Developer',
  'prod-wealth': 'Forge-Wealth-ReadOnly',
};

/**
 * The sandbox's forge.yaml: the names of the organisation's own (samples/forge.yaml), and for each database where
 * on this machine to connect. Role credentials never go into the person's real keychain.
 */
export function sandboxConfig(organisation: Organisation, authority: string): string {
  const environments = organisation.accounts
    .map((account) => ({
      account,
      clusters: organisation.clusters.filter((cluster) => cluster.account === account.id),
    }))
    .filter(({ clusters }) => clusters.length > 0)
    .map(({ account, clusters }) => {
      const permissionSet = standingPermissionSets[account.name];
      const databases = clusters.flatMap((cluster) =>
        databasesOf(cluster, account.name, account.production, authority),
      );
      return [
        account.name,
        {
          account: account.id,
          region: clusters[0]?.region ?? organisation.region,
          ...(account.production ? { production: true, tunnel_document: tunnelDocumentName } : {}),
          ...(permissionSet === undefined ? {} : { permission_set: permissionSet }),
          ...(databases.length > 1 ? { default_database: databases[0]?.[0] } : {}),
          databases: Object.fromEntries(databases),
          ...clustersOf(organisation, account.id),
        },
      ] as const;
    });
  const config = {
    version: 1,
    sign_in: {
      start_url: organisation.startUrl,
      region: organisation.region,
      session: organisation.session,
    },
    default_environment: environments[0]?.[0],
    credential_store: 'file',
    environments: Object.fromEntries(environments),
    groups: groupsOf(organisation, new Set(environments.map(([name]) => name))),
    break_glass: breakGlassConfig(organisation),
  };
  return `# Written by forge sandbox; removed by forge sandbox stop.\n${stringify(config, { lineWidth: 0 })}`;
}

/** Where they are is EKS' to say. */
function clustersOf({ eksClusters }: Organisation, account: string) {
  const own = eksClusters.find((cluster) => cluster.account === account);
  return own === undefined ? {} : { clusters: { [clusterName]: { cluster: own.name } } };
}

/** No environment has two. */
export const clusterName = 'eks';

type DatabaseEntry = readonly [name: string, settings: Readonly<Record<string, unknown>>];

function databasesOf(
  cluster: Cluster,
  environment: string,
  production: boolean,
  authority: string,
): DatabaseEntry[] {
  const where = { address: '127.0.0.1', port: cluster.port, ca: authority };
  const common = { cluster: cluster.identifier, database: cluster.databaseName };
  const reader = {
    ...common,
    endpoint_type: 'reader',
    user: 'forge_ro',
    role: 'readonly-rds-access',
    ...where,
  };
  const name = databaseName(cluster, environment, production);
  if (production) {
    return [[name, { ...reader, write: { user: 'forge_rw', role: 'write-rds-access' } }]];
  }
  return [
    [name, { ...common, user: 'developer', role: 'developer-rds-access', ...where }],
    [`${name}-readonly`, reader],
  ];
}

/** dev-shop in dev is `shop`; production's databases are called by the database's own name. */
export function databaseName(cluster: Cluster, environment: string, production: boolean): string {
  return production ? cluster.databaseName : cluster.identifier.replace(`${environment}-`, '');
}

function groupsOf(organisation: Organisation, environments: ReadonlySet<string>): Record<string, unknown> {
  const names = new Map(organisation.accounts.map((account) => [account.id, account.name]));
  const groups = new Map<string, Record<string, string>>();
  for (const assignment of organisation.assignments) {
    const environment = names.get(assignment.account) ?? '';
    if (assignment.principalType !== 'GROUP' || !environments.has(environment)) continue;
    if (isBreakGlass(assignment)) continue;
    const own = groups.get(assignment.principal) ?? {};
    own[environment] = assignment.permissionSet;
    groups.set(assignment.principal, own);
  }
  return Object.fromEntries([
    ...[...groups].map(([name, held]) => [name, { environments: held }] as const),
    ...vpnGroups(organisation, environments),
  ]);
}

/** Not standing access: what a grant gives, and the step before tier 0's role. */
function isBreakGlass({ principal, permissionSet }: Assignment): boolean {
  return principal.startsWith('grp-forge-jit-') || permissionSet === onCallPermissionSet;
}

/** Named for the environment that they lead to; forge names them when a network is closed. */
function vpnGroups(
  { groups }: Organisation,
  environments: ReadonlySet<string>,
): (readonly [string, { readonly network: readonly string[] }])[] {
  const names = groups.map(({ name }) => name);
  return names.sort().flatMap((name) => {
    const network = /-vpn-(.+)$/.exec(name)?.[1] ?? '';
    return environments.has(network) ? [[name, { network: [network] }] as const] : [];
  });
}
