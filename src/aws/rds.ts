import { DescribeDBClustersCommand, DescribeDBInstancesCommand, RDSClient } from '@aws-sdk/client-rds';
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
  const found = clusters?.[0];
  if (!found?.Endpoint || !found.DbClusterResourceId)
    throw incompleteReply('rds DescribeDBClusters', 'endpoint');
  return {
    identifier: found.DBClusterIdentifier ?? identifier,
    endpoint: found.Endpoint,
    readerEndpoint: found.ReaderEndpoint || undefined,
    customEndpoints: found.CustomEndpoints ?? [],
    port: found.Port ?? 5432,
    resourceId: found.DbClusterResourceId,
    iamEnabled: found.IAMDatabaseAuthenticationEnabled ?? false,
    engine: found.Engine ?? '',
    databaseName: found.DatabaseName || undefined,
    status: found.Status ?? '',
    members: (found.DBClusterMembers ?? []).map((member) => ({
      identifier: member.DBInstanceIdentifier ?? '',
      isWriter: member.IsClusterWriter ?? false,
    })),
  };
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
  const found = instances?.[0];
  // One that is being created has no endpoint yet.
  if (!found?.Endpoint?.Address || !found.DbiResourceId)
    throw incompleteReply('rds DescribeDBInstances', 'endpoint');
  return {
    identifier: found.DBInstanceIdentifier ?? identifier,
    endpoint: found.Endpoint.Address,
    port: found.Endpoint.Port ?? 5432,
    resourceId: found.DbiResourceId,
    iamEnabled: found.IAMDatabaseAuthenticationEnabled ?? false,
    engine: found.Engine ?? '',
    databaseName: found.DBName || undefined,
    status: found.DBInstanceStatus ?? '',
    clusterIdentifier: found.DBClusterIdentifier || undefined,
  };
}
