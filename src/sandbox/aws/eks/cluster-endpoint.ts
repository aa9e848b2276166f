import type { EksCluster } from '../../organisation.ts';

/**
 * What EKS says of where a cluster's API is. Nothing is put into DNS: a public name would lead to nobody, where an
 * address leads to this machine. A private one must not be reached from here; inside its network the name leads to it.
 */
export function clusterEndpoint({ publicAccess, port, endpointHost }: EksCluster): string {
  return publicAccess && port !== undefined ? `https://127.0.0.1:${port}` : `https://${endpointHost}`;
}
