import {
  type DBCluster,
  type DBInstance,
  DescribeDBClustersCommand,
  DescribeDBInstancesCommand,
  RDSClient,
} from '@aws-sdk/client-rds';
import type { SigningKeys } from '../lib/sigv4.ts';
import { type Aws, callAws } from './clients.ts';
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
export async function describeCluster(
  aws: Aws,
  region: string,
  keys: SigningKeys,
  identifier: string,
): Promise<RdsCluster> {
  const client = new RDSClient(aws.clientConfig('rds', region, keys));
  const command = new DescribeDBClustersCommand({ DBClusterIdentifier: identifier });
  const call = {
    service: 'rds',
    operation: 'DescribeDBClusters',
    region,
    action: 'rds:DescribeDBClusters',
    resource: `cluster ${identifier} in ${region}`,
  } as const;
  const { DBClusters: clusters } = await callAws(aws, call, (options) => client.send(command, options));
  const found = parseCluster(clusters?.[0]);
  if (found === undefined) throw incompleteReply('rds DescribeDBClusters', 'endpoint');
  return found;
}

/** IAM action rds:DescribeDBInstances. Throws NOT_FOUND. */
export async function describeInstance(
  aws: Aws,
  region: string,
  keys: SigningKeys,
  identifier: string,
): Promise<RdsInstance> {
  const client = new RDSClient(aws.clientConfig('rds', region, keys));
  const command = new DescribeDBInstancesCommand({ DBInstanceIdentifier: identifier });
  const call = {
    service: 'rds',
    operation: 'DescribeDBInstances',
    region,
    action: 'rds:DescribeDBInstances',
    resource: `instance ${identifier} in ${region}`,
  } as const;
  const { DBInstances: instances } = await callAws(aws, call, (options) => client.send(command, options));
  const found = parseInstance(instances?.[0]);
  if (found === undefined) throw incompleteReply('rds DescribeDBInstances', 'endpoint');
  return found;
}

/** All clusters of the account in a region that have an endpoint. IAM action rds:DescribeDBClusters. */
export async function listClusters(aws: Aws, region: string, keys: SigningKeys): Promise<RdsCluster[]> {
  const client = new RDSClient(aws.clientConfig('rds', region, keys));
  const call = {
    service: 'rds',
    operation: 'DescribeDBClusters',
    region,
    action: 'rds:DescribeDBClusters',
    resource: `all clusters in ${region}`,
  } as const;
  const found: RdsCluster[] = [];
  let marker: string | undefined;
  do {
    const command = new DescribeDBClustersCommand({ MaxRecords: 100, ...(marker && { Marker: marker }) });
    const page = await callAws(aws, call, (options) => client.send(command, options));
    for (const cluster of page.DBClusters ?? []) {
      const parsed = parseCluster(cluster);
      if (parsed !== undefined) found.push(parsed);
    }
    marker = page.Marker || undefined;
  } while (marker !== undefined);
  return found;
}

/** All instances of the account in a region that have an endpoint. IAM action rds:DescribeDBInstances. */
export async function listInstances(aws: Aws, region: string, keys: SigningKeys): Promise<RdsInstance[]> {
  const client = new RDSClient(aws.clientConfig('rds', region, keys));
  const call = {
    service: 'rds',
    operation: 'DescribeDBInstances',
    region,
    action: 'rds:DescribeDBInstances',
    resource: `all instances in ${region}`,
  } as const;
  const found: RdsInstance[] = [];
  let marker: string | undefined;
  do {
    const command = new DescribeDBInstancesCommand({ MaxRecords: 100, ...(marker && { Marker: marker }) });
    const page = await callAws(aws, call, (options) => client.send(command, options));
    for (const instance of page.DBInstances ?? []) {
      const parsed = parseInstance(instance);
      if (parsed !== undefined) found.push(parsed);
    }
    marker = page.Marker || undefined;
  } while (marker !== undefined);
  return found;
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
