import type { Cluster } from '../../organisation.ts';
import { AwsFailure } from '../aws-failure.ts';
import type { QueryOperation } from '../query-service.ts';
import { type XmlElements, xmlList } from '../xml.ts';
import { identifierFrom, pageOf, readFilters, requirePermission } from './listing.ts';

const knownFilters = ['clone-group-id', 'db-cluster-id', 'db-cluster-resource-id', 'domain', 'engine'];

export const describeClusters: QueryOperation = (request) => {
  const { world, parameters, caller, region } = request;
  const asked = parameters.get('DBClusterIdentifier');
  const id = asked === undefined ? undefined : identifierFrom(asked, 'cluster');
  request.note({ dBClusterIdentifier: asked });
  requirePermission(request, 'rds:DescribeDBClusters', 'cluster', id ?? '*');
  const filters = readFilters(parameters, knownFilters);
  const mine = world.organisation.clusters.filter(
    (cluster) =>
      cluster.account === caller.principal.account &&
      cluster.region === region &&
      (id === undefined || cluster.identifier === id) &&
      filters.every(({ name, values }) => filterFits(cluster, name, values)),
  );
  if (id !== undefined && mine.length === 0) {
    throw new AwsFailure('DBClusterNotFoundFault', 404, `DBCluster ${id} not found.`);
  }
  const { items, next } = pageOf(mine, `clusters:${caller.principal.account}:${region}`, parameters);
  return { result: { Marker: next, DBClusters: xmlList('DBCluster', items.map(clusterXml)) } };
};

function filterFits(cluster: Cluster, name: string, values: readonly string[]): boolean {
  if (name === 'db-cluster-id') {
    return values.some((value) => identifierFrom(value, 'cluster') === cluster.identifier);
  }
  if (name === 'db-cluster-resource-id') return values.includes(cluster.resourceId);
  return name === 'engine' && values.includes('aurora-postgresql');
}

function clusterXml(cluster: Cluster): XmlElements {
  return {
    AllocatedStorage: 1,
    AvailabilityZones: xmlList('AvailabilityZone', [`${cluster.region}a`, `${cluster.region}b`]),
    BackupRetentionPeriod: 7,
    DatabaseName: cluster.databaseName,
    DBClusterIdentifier: cluster.identifier,
    DBClusterParameterGroup: 'default.aurora-postgresql16',
    DBSubnetGroup: 'private',
    Status: 'available',
    Endpoint: cluster.endpoint,
    ReaderEndpoint: cluster.readerEndpoint,
    CustomEndpoints:
      cluster.customEndpoints.length > 0 ? xmlList('member', cluster.customEndpoints) : undefined,
    MultiAZ: true,
    Engine: 'aurora-postgresql',
    EngineVersion: cluster.engineVersion,
    Port: cluster.port,
    MasterUsername: 'postgres',
    DBClusterMembers: xmlList(
      'DBClusterMember',
      cluster.instances.map((instance) => ({
        DBInstanceIdentifier: instance.identifier,
        IsClusterWriter: instance.writer,
        DBClusterParameterGroupStatus: 'in-sync',
        PromotionTier: 1,
      })),
    ),
    HostedZoneId: 'Z2R2ITUGPM61AM',
    StorageEncrypted: true,
    DbClusterResourceId: cluster.resourceId,
    DBClusterArn: `arn:aws:rds:${cluster.region}:${cluster.account}:cluster:${cluster.identifier}`,
    IAMDatabaseAuthenticationEnabled: cluster.iamEnabled,
    EngineMode: 'provisioned',
    DeletionProtection: true,
    HttpEndpointEnabled: false,
    TagList: xmlList(
      'Tag',
      Object.entries(cluster.tags).map(([Key, Value]) => ({ Key, Value })),
    ),
  };
}
