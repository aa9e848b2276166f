import { DescribeClusterCommand, EKSClient, ListClustersCommand } from '@aws-sdk/client-eks';
import type { SigningKeys } from '../lib/sigv4.ts';
import { type Aws, callAws } from './clients.ts';
import { incompleteReply } from './incomplete-reply.ts';

/** An EKS cluster, as far as reaching it goes. */
export interface EksCluster {
  readonly name: string;
  readonly arn: string;
  /** `https://….gr7.us-east-1.eks.amazonaws.com` */
  readonly endpoint: string;
  /** Base64 of PEM, as kubeconfigs hold it. */
  readonly certificateAuthority: string;
  /** `ACTIVE`, `UPDATING`, … */
  readonly status: string;
  readonly publicAccess: boolean;
  readonly privateAccess: boolean;
}

/**
 * IAM action eks:DescribeCluster. Throws NOT_FOUND; INCOMPLETE_REPLY for one that has no endpoint yet or any more.
 * https://docs.aws.amazon.com/eks/latest/APIReference/API_DescribeCluster.html
 */
export async function describeCluster(
  aws: Aws,
  region: string,
  keys: SigningKeys,
  name: string,
): Promise<EksCluster> {
  const client = new EKSClient(aws.clientConfig('eks', region, keys));
  const call = {
    service: 'eks',
    operation: 'DescribeCluster',
    region,
    action: 'eks:DescribeCluster',
    resource: `cluster ${name} in ${region}`,
  } as const;
  const { cluster } = await callAws(aws, call, (options) =>
    client.send(new DescribeClusterCommand({ name }), options),
  );
  const endpoint = cluster?.endpoint;
  const certificateAuthority = cluster?.certificateAuthority?.data;
  if (!cluster?.arn || !endpoint || !certificateAuthority) {
    throw incompleteReply(
      'eks DescribeCluster',
      `endpoint of ${name}${cluster?.status === undefined ? '' : `, which is ${cluster.status}`}`,
    );
  }
  return {
    name: cluster.name ?? name,
    arn: cluster.arn,
    endpoint,
    certificateAuthority,
    status: cluster.status ?? '',
    publicAccess: cluster.resourcesVpcConfig?.endpointPublicAccess ?? true,
    privateAccess: cluster.resourcesVpcConfig?.endpointPrivateAccess ?? false,
  };
}

/** Names of all clusters of the account in a region. IAM action eks:ListClusters. */
export async function listClusters(aws: Aws, region: string, keys: SigningKeys): Promise<readonly string[]> {
  const client = new EKSClient(aws.clientConfig('eks', region, keys));
  const call = {
    service: 'eks',
    operation: 'ListClusters',
    region,
    action: 'eks:ListClusters',
    resource: `all clusters in ${region}`,
  } as const;
  const names: string[] = [];
  for (let nextToken: string | undefined; ; ) {
    const command = new ListClustersCommand({ maxResults: 100, nextToken });
    const page = await callAws(aws, call, (options) => client.send(command, options));
    names.push(...(page.clusters ?? []));
    if (!page.nextToken) return names;
    nextToken = page.nextToken;
  }
}
