import type { Cluster, ClusterInstance } from '../../organisation.ts';
import { AwsFailure } from '../aws-failure.ts';
import type { QueryOperation } from '../query-service.ts';
import { type XmlElements, xmlList } from '../xml.ts';
import { identifierFrom, pageOf, readFilters, requirePermission } from './listing.ts';

const knownFilters = ['db-cluster-id', 'db-instance-id', 'dbi-resource-id', 'domain', 'engine'];

export const describeInstances: QueryOperation = (request) => {
  const { world, parameters, caller, region } = request;
  const asked = parameters.get('DBInstanceIdentifier');
  const id = asked === undefined ? undefined : identifierFrom(asked, 'db');
  request.note({ dBInstanceIdentifier: asked });
  requirePermission(request, 'rds:DescribeDBInstances', 'db', id ?? '*');
  const filters = readFilters(parameters, knownFilters);
  const mine = world.organisation.clusters
    .filter((cluster) => cluster.account === caller.principal.account && cluster.region === region)
    .flatMap((cluster) => cluster.instances.map((instance) => ({ cluster, instance })))
    .filter(
      ({ cluster, instance }) =>
        (id === undefined || instance.identifier === id) &&
        filters.every(({ name, values }) => filterFits(cluster, instance, name, values)),
    );
  if (id !== undefined && mine.length === 0) {
    throw new AwsFailure('DBInstanceNotFound', 404, `DBInstance ${id} not found.`);
  }
  const { items, next } = pageOf(mine, `instances:${caller.principal.account}:${region}`, parameters);
  return {
    result: {
      Marker: next,
      DBInstances: xmlList(
        'DBInstance',
        items.map(({ cluster, instance }) => instanceXml(cluster, instance)),
      ),
    },
  };
};

function filterFits(
  cluster: Cluster,
  instance: ClusterInstance,
  name: string,
  values: readonly string[],
): boolean {
  switch (name) {
    case 'db-cluster-id':
      return values.some((value) => identifierFrom(value, 'cluster') === cluster.identifier);
    case 'db-instance-id':
      return values.some((value) => identifierFrom(value, 'db') === instance.identifier);
    case 'dbi-resource-id':
      return values.includes(instance.resourceId);
    default:
      return name === 'engine' && values.includes('aurora-postgresql');
  }
}

function instanceXml(cluster: Cluster, instance: ClusterInstance): XmlElements {
  return {
    DBInstanceIdentifier: instance.identifier,
    DBInstanceClass: 'db.r7g.large',
    Engine: 'aurora-postgresql',
    DBInstanceStatus: 'available',
    MasterUsername: 'postgres',
    DBName: cluster.databaseName,
    Endpoint: { Address: instance.endpoint, Port: cluster.port, HostedZoneId: 'Z2R2ITUGPM61AM' },
    AllocatedStorage: 1,
    AvailabilityZone: `${cluster.region}${instance.writer ? 'a' : 'b'}`,
    MultiAZ: false,
    EngineVersion: cluster.engineVersion,
    AutoMinorVersionUpgrade: true,
    PubliclyAccessible: false,
    StorageType: 'aurora',
    DBClusterIdentifier: cluster.identifier,
    StorageEncrypted: true,
    DbiResourceId: instance.resourceId,
    CACertificateIdentifier: 'rds-ca-rsa2048-g1',
    PromotionTier: 1,
    DBInstanceArn: `arn:aws:rds:${cluster.region}:${cluster.account}:db:${instance.identifier}`,
    IAMDatabaseAuthenticationEnabled: cluster.iamEnabled,
    DeletionProtection: true,
    TagList: xmlList('Tag', []),
  };
}
