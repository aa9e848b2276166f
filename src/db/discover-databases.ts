import { refusal } from '../access/may-i.ts';
import { type AccessParts, withAccess } from '../access/with-access.ts';
import type { Config, Environment } from '../config/config.ts';
import { planCredentials } from '../identity/plan-credentials.ts';
import { signingKeys } from '../identity/role-credentials.ts';
import { databaseTargetName } from '../targets/resolve-database.ts';
import type { Plan } from '../terminal/plan.ts';

export interface DiscoveredDatabase {
  readonly kind: 'cluster' | 'instance';
  readonly identifier: string;
  readonly endpoint: string;
  readonly port: number;
  readonly engine: string;
  readonly status: string;
  readonly iamEnabled: boolean;
  /** Targets of forge.yaml that lead there. */
  readonly names: readonly string[];
}

/** PostgreSQL clusters, and instances outside of clusters, in an environment's account and region. */
export async function discoverDatabases(
  parts: AccessParts,
  environment: Environment,
  profile: string | undefined,
): Promise<readonly DiscoveredDatabase[]> {
  const { region, name } = environment;
  const request = {
    environment,
    targetName: name,
    region,
    profile,
    roles: [],
    purpose: 'db list',
    reason: undefined,
    write: false,
  };
  return withAccess(parts, request, async ({ credentials }) => {
    using _progress = parts.output.progress(`asking RDS in ${region}`);
    const { listClusters, listInstances } = await import('../aws/rds.ts');
    const aws = await parts.aws();
    const keys = signingKeys(credentials);
    const [clusters, instances] = await Promise.all([
      listClusters(aws, region, keys),
      listInstances(aws, region, keys),
    ]);
    const alone = instances.filter((instance) => instance.clusterIdentifier === undefined);
    return [
      ...clusters.map((cluster) => ({ ...cluster, kind: 'cluster' as const })),
      ...alone.map((instance) => ({ ...instance, kind: 'instance' as const })),
    ]
      .filter(({ engine }) => engine.includes('postgres'))
      .map(({ kind, identifier, endpoint, port, engine, status, iamEnabled }) => ({
        kind,
        identifier,
        endpoint,
        port,
        engine,
        status,
        iamEnabled,
        names: namesOf(environment, kind, identifier, endpoint),
      }))
      .sort((one, other) => (one.identifier < other.identifier ? -1 : 1));
  });
}

function namesOf(
  environment: Environment,
  kind: 'cluster' | 'instance',
  identifier: string,
  endpoint: string,
): string[] {
  return [...environment.databases.values()]
    .filter(({ locator }) =>
      locator.kind === 'endpoint'
        ? locator.host === endpoint
        : locator.kind === kind && locator.identifier === identifier,
    )
    .map((database) => databaseTargetName(environment, database));
}

/** Pure; throws what it would refuse. */
export function planDiscover(config: Config, environment: Environment, profile: string | undefined): Plan {
  const refused = refusal({ config, environment, purpose: 'db list', reason: undefined });
  if (refused !== undefined) throw refused;
  const credentials = planCredentials({ config, environment, profile, roles: [] });
  const { region, account } = environment;
  return {
    summary: `List what PostgreSQL there is in ${environment.name} (${account}, ${region}).`,
    steps: [
      ...credentials.steps,
      { kind: 'local', what: 'write the opening record to the journal' },
      {
        kind: 'aws',
        call: 'rds DescribeDBClusters',
        action: 'rds:DescribeDBClusters',
        resource: `arn:aws:rds:${region}:${account}:cluster:*`,
        why: 'its clusters',
      },
      {
        kind: 'aws',
        call: 'rds DescribeDBInstances',
        action: 'rds:DescribeDBInstances',
        resource: `arn:aws:rds:${region}:${account}:db:*`,
        why: 'its instances outside of clusters',
      },
    ],
    equivalents: [
      ...credentials.equivalents,
      `aws rds describe-db-clusters --region ${region}`,
      `aws rds describe-db-instances --region ${region}`,
    ],
  };
}
