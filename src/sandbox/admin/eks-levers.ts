import type { JsonFields } from '../aws/json-body.ts';
import { bulkEksCluster } from '../seed-eks-clusters.ts';
import type { World } from '../world.ts';
import { BadAdminRequest, environmentField, numberField } from './admin-fields.ts';

/** Levers for Kubernetes clusters. */
export const eksLevers: Readonly<Record<string, (world: World, fields: JsonFields) => object>> = {
  'POST /_sandbox/eks-clusters': addClusters,
};

/** `{environment, count}`: so many that can be listed and described, and reached by nobody. */
function addClusters(world: World, fields: JsonFields): object {
  const account = environmentField(world, fields);
  const count = numberField(fields, 'count');
  if (count < 0 || count > 10_000) throw new BadAdminRequest('count must be between 0 and 10000');
  const { eksClusters } = world.organisation;
  const known = new Set(eksClusters.map((cluster) => cluster.endpointHost));
  const authority = eksClusters.find((cluster) => cluster.authority !== undefined)?.authority;
  for (let index = 1; index <= count; index++) {
    const cluster = bulkEksCluster(account, index, authority);
    if (!known.has(cluster.endpointHost)) eksClusters.push(cluster);
  }
  return { clusters: eksClusters.filter((cluster) => cluster.account === account.id).length };
}
