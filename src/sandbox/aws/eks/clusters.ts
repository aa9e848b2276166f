import { derivedHex } from '../../issued-keys.ts';
import { type EksCluster, eksClusterArn } from '../../organisation.ts';
import { clusterEndpoint } from './cluster-endpoint.ts';
import { clusterFor, clustersOf, type EksOperation, pageOf, requirePermission } from './eks-request.ts';

/** From: EKS API Reference, ListClusters. */
export const listClusters: EksOperation = (request) => {
  const { query } = request;
  request.note({ maxResults: query.get('maxResults'), include: query.get('include') });
  requirePermission(request, 'ListClusters', '*');
  const names = clustersOf(request)
    .map((cluster) => cluster.name)
    .sort();
  const { items, next } = pageOf(request, names, 'clusters');
  return { clusters: items, nextToken: next ?? null };
};

/** From: EKS API Reference, DescribeCluster. */
export const describeCluster: EksOperation = (request, name = '') => {
  request.note({ name });
  return { cluster: clusterJson(clusterFor(request, 'DescribeCluster', name)) };
};

function clusterJson(cluster: EksCluster): object {
  const { name, account, region, endpointHost } = cluster;
  const id = endpointHost.split('.')[0] ?? '';
  const own = (kind: string, index = 0) => `${kind}-0${derivedHex(`${kind}:${name}:${index}`, 16)}`;
  return {
    name,
    arn: eksClusterArn(cluster),
    createdAt: cluster.createdAt / 1000,
    version: cluster.version,
    ...reachable(cluster),
    roleArn: `arn:aws:iam::${account}:role/${name}-control-plane`,
    resourcesVpcConfig: {
      subnetIds: [own('subnet', 1), own('subnet', 2), own('subnet', 3)],
      securityGroupIds: [own('sg', 1)],
      clusterSecurityGroupId: own('sg', 2),
      vpcId: own('vpc'),
      endpointPublicAccess: cluster.publicAccess,
      endpointPrivateAccess: true,
      publicAccessCidrs: cluster.publicAccess ? ['0.0.0.0/0'] : [],
    },
    kubernetesNetworkConfig: { serviceIpv4Cidr: '172.20.0.0/16', ipFamily: 'ipv4' },
    logging: { clusterLogging: [{ types: ['api', 'audit', 'authenticator'], enabled: true }] },
    identity: { oidc: { issuer: `https://oidc.eks.${region}.amazonaws.com/id/${id}` } },
    clientRequestToken: null,
    platformVersion: 'eks.12',
    tags: cluster.tags,
    encryptionConfig: [],
    health: { issues: [] },
    accessConfig: { bootstrapClusterCreatorAdminPermissions: false, authenticationMode: 'API' },
    upgradePolicy: { supportType: 'EXTENDED' },
    deletionProtection: false,
  };
}

/** A cluster whose API does not answer yet is being created: it has neither address nor authority. */
function reachable(cluster: EksCluster): object {
  if (cluster.authority === undefined) return { status: 'CREATING', certificateAuthority: {} };
  return {
    status: 'ACTIVE',
    endpoint: clusterEndpoint(cluster),
    certificateAuthority: { data: Buffer.from(cluster.authority).toString('base64') },
  };
}
