import {
  type DBCluster,
  type DBInstance,
  DescribeDBClustersCommand,
  DescribeDBInstancesCommand,
  RDSClient,
} from '@aws-sdk/client-rds';
import type { SigningKeys } from '../lib/sigv4.ts';
import { type Aws, type AwsCall, callAws } from './clients.ts';
import { incompleteReply } from './incomplete-reply.ts';

export interface RdsCluster {
  readonly identifier: string;
  /** Writer. */
  readonly endpoint: string;
  readonly readerEndpoint: string | undefined;
  readonly customEndpoints: readonly string[];
  readonly port: number;
  /** `cluster-…`: the id in rds-db:connect ARNs. */
  readonly resourceId: string;
  readonly iamEnabled: boolean;
  /** `aurora-postgresql`, … */
  readonly engine: string;
  readonly databaseName: string | undefined;
  /** `available`, … */
  readonly status: string;
  readonly members: readonly { readonly identifier: string; readonly isWriter: boolean }[];
}

export interface RdsInstance {
  readonly identifier: string;
  readonly endpoint: string;
  readonly port: number;
  /** `db-…`. */
  readonly resourceId: string;
  readonly iamEnabled: boolean;
  readonly engine: string;
  readonly databaseName: string | undefined;
  readonly status: string;
  readonly clusterIdentifier: string | undefined;
}

/** IAM action rds:DescribeDBClusters. Throws NOT_FOUND. */
export function describeCluster(
  aws: Aws,
  region: string,
  keys: SigningKeys,
  identifier: string,
): Promise<RdsCluster> {
  const client = new RDSClient(aws.clientConfig('rds', region, keys));
  const command = new DescribeDBClustersCommand({ DBClusterIdentifier: identifier });
  return describeOne(
    aws,
    describing('DescribeDBClusters', region, `cluster ${identifier}`),
    (options) => client.send(command, options),
    (reply) => parseCluster(reply.DBClusters?.[0]),
  );
}

/** IAM action rds:DescribeDBInstances. Throws NOT_FOUND. */
export function describeInstance(
  aws: Aws,
  region: string,
  keys: SigningKeys,
  identifier: string,
): Promise<RdsInstance> {
  const client = new RDSClient(aws.clientConfig('rds', region, keys));
  const command = new DescribeDBInstancesCommand({ DBInstanceIdentifier: identifier });
  return describeOne(
    aws,
    describing('DescribeDBInstances', region, `instance ${identifier}`),
    (options) => client.send(command, options),
    (reply) => parseInstance(reply.DBInstances?.[0]),
  );
}

async function describeOne<Reply extends { readonly $metadata: object }, Found>(
  aws: Aws,
  call: AwsCall,
  send: (options: { abortSignal: AbortSignal }) => Promise<Reply>,
  parse: (reply: Reply) => Found | undefined,
): Promise<Found> {
  const found = parse(await callAws(aws, call, send));
  if (found === undefined) throw incompleteReply(`rds ${call.operation}`, 'endpoint');
  return found;
}

/** All clusters of the account in a region that have an endpoint. IAM action rds:DescribeDBClusters. */
export async function listClusters(aws: Aws, region: string, keys: SigningKeys): Promise<RdsCluster[]> {
  const client = new RDSClient(aws.clientConfig('rds', region, keys));
  const call = describing('DescribeDBClusters', region, 'all clusters');
  const all = await allPages(async (page) => {
    const command = new DescribeDBClustersCommand(page);
    const { DBClusters, Marker } = await callAws(aws, call, (options) => client.send(command, options));
    return { items: DBClusters, marker: Marker };
  });
  return all.map(parseCluster).filter((cluster) => cluster !== undefined);
}

/** All instances of the account in a region that have an endpoint. IAM action rds:DescribeDBInstances. */
export async function listInstances(aws: Aws, region: string, keys: SigningKeys): Promise<RdsInstance[]> {
  const client = new RDSClient(aws.clientConfig('rds', region, keys));
  const call = describing('DescribeDBInstances', region, 'all instances');
  const all = await allPages(async (page) => {
    const command = new DescribeDBInstancesCommand(page);
    const { DBInstances, Marker } = await callAws(aws, call, (options) => client.send(command, options));
    return { items: DBInstances, marker: Marker };
  });
  return all.map(parseInstance).filter((instance) => instance !== undefined);
}

function describing(
  operation: 'DescribeDBClusters' | 'DescribeDBInstances',
  region: string,
  what: string,
): AwsCall {
  return {
    service: 'rds',
    operation,
    region,
    action: `rds:${operation}`,
    resource: `${what} in ${region}`,
  };
}

/** RDS lists a hundred at a time, and names the next page by a marker. */
async function allPages<Item>(
  get: (page: {
    MaxRecords: number;
    Marker?: string;
  }) => Promise<{ readonly items: readonly Item[] | undefined; readonly marker: string | undefined }>,
): Promise<readonly Item[]> {
  const found: Item[] = [];
  for (let marker: string | undefined; ; ) {
    const page = await get({ MaxRecords: 100, ...(marker && { Marker: marker }) });
    found.push(...(page.items ?? []));
    if (!page.marker) return found;
    marker = page.marker;
  }
}

/** Undefined for one that is being created: it has no endpoint yet. */
function parseCluster(cluster: DBCluster | undefined): RdsCluster | undefined {
  if (!cluster?.DBClusterIdentifier || !cluster.Endpoint || !cluster.DbClusterResourceId) return undefined;
  return {
    identifier: cluster.DBClusterIdentifier,
    endpoint: cluster.Endpoint,
    readerEndpoint: cluster.ReaderEndpoint || undefined,
    customEndpoints: cluster.CustomEndpoints ?? [],
    port: cluster.Port ?? 5432,
    resourceId: cluster.DbClusterResourceId,
    iamEnabled: cluster.IAMDatabaseAuthenticationEnabled ?? false,
    engine: cluster.Engine ?? '',
    databaseName: cluster.DatabaseName || undefined,
    status: cluster.Status ?? '',
    members: (cluster.DBClusterMembers ?? []).map((member) => ({
      identifier: member.DBInstanceIdentifier ?? '',
      isWriter: member.IsClusterWriter ?? false,
    })),
  };
}

/** Undefined for one that is being created: it has no endpoint yet. */
function parseInstance(instance: DBInstance | undefined): RdsInstance | undefined {
  if (!instance?.DBInstanceIdentifier || !instance.Endpoint?.Address || !instance.DbiResourceId) {
    return undefined;
  }
  return {
    identifier: instance.DBInstanceIdentifier,
    endpoint: instance.Endpoint.Address,
    port: instance.Endpoint.Port ?? 5432,
    resourceId: instance.DbiResourceId,
    iamEnabled: instance.IAMDatabaseAuthenticationEnabled ?? false,
    engine: instance.Engine ?? '',
    databaseName: instance.DBName || undefined,
    status: instance.DBInstanceStatus ?? '',
    clusterIdentifier: instance.DBClusterIdentifier || undefined,
  };
}
