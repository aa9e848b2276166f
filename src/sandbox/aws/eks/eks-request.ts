import type { EventParameters } from '../../event-log.ts';
import { type EksCluster, eksClusterArn } from '../../organisation.ts';
import type { IssuedKeys } from '../../principal.ts';
import type { World } from '../../world.ts';
import { AwsFailure } from '../aws-failure.ts';
import { page } from '../paging.ts';

/** A signed call to EKS. */
export interface EksRequest {
  readonly world: World;
  readonly caller: IssuedKeys;
  readonly region: string;
  readonly query: ReadonlyMap<string, string>;
  /** For the event: what CloudTrail shows of the request. */
  note(parameters: EventParameters): void;
}

/** Percent-decoded segments of the path after those that name the operation. */
export type EksOperation = (request: EksRequest, ...path: readonly string[]) => object;

/** IAM's word on the action, before anything is said about what exists. */
export function requirePermission(
  { world, caller, region }: EksRequest,
  action: string,
  resource: string,
): void {
  const decision = world.authorize(caller, `eks:${action}`, resource, { 'aws:RequestedRegion': region });
  if (decision.allowed) return;
  throw new AwsFailure(
    'AccessDeniedException',
    403,
    `User: ${caller.principal.arn} is not authorized to perform: eks:${action} on resource: ${resource} ${decision.because}`,
  );
}

export function clustersOf({ world, caller, region }: EksRequest): readonly EksCluster[] {
  return world.organisation.eksClusters.filter(
    (cluster) => cluster.account === caller.principal.account && cluster.region === region,
  );
}

/** The cluster of the caller's account, once the caller may do this to it. */
export function clusterFor(request: EksRequest, action: string, name: string): EksCluster {
  const { caller, region } = request;
  requirePermission(request, action, eksClusterArn({ name, account: caller.principal.account, region }));
  return findCluster(request, name);
}

export function findCluster(request: EksRequest, name: string): EksCluster {
  const found = clustersOf(request).find((cluster) => cluster.name === name);
  if (found) return found;
  throw new AwsFailure('ResourceNotFoundException', 404, `No cluster found for name: ${name}.`);
}

/** A page of a listing; maxResults is 1 to 100. Source: EKS API Reference, ListClusters. */
export function pageOf<T>({ query, caller, region }: EksRequest, all: readonly T[], listing: string) {
  const wanted = query.get('maxResults') ?? '100';
  const size = /^\d{1,9}$/.test(wanted) ? Number(wanted) : Number.NaN;
  if (!(size >= 1 && size <= 100)) {
    throw new AwsFailure('InvalidParameterException', 400, 'maxResults needs to be between 1 and 100');
  }
  const key = `eks:${caller.principal.account}:${region}:${listing}`;
  const found = page(all, key, query.get('nextToken'), size);
  if (!found) throw new AwsFailure('InvalidParameterException', 400, 'Invalid token');
  return found;
}
