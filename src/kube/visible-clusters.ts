import { type AccessParts, withAccess } from '../access/with-access.ts';
import type { Environment } from '../config/config.ts';
import { ForgeError } from '../errors.ts';
import { observeAws } from '../identity/observe-aws.ts';
import { type RoleCredentials, signingKeys } from '../identity/role-credentials.ts';
import { clusterTargetName } from '../targets/resolve-cluster.ts';
import { type ClusterPurpose, clusterAccess } from './cluster-access.ts';
import { type ClusterRequest, requestCluster } from './cluster-request.ts';
import { type ClusterLocation, locateCluster } from './locate-cluster.ts';

export interface VisibleCluster {
  readonly request: ClusterRequest;
  readonly location: ClusterLocation;
  readonly credentials: RoleCredentials;
}

export interface ClusterFailure {
  /** Environment, or `environment/cluster`. */
  readonly name: string;
  readonly error: ForgeError;
}

export interface VisibleClusters {
  readonly clusters: readonly VisibleCluster[];
  readonly failures: readonly ClusterFailure[];
}

/** EKS answers about 20 reads a second; more at once would only wait. */
const atOnce = 8;

/** One cluster: may I → credentials → where is it now? Throws what withAccess and locateCluster throw. */
export function findVisibleCluster(
  parts: AccessParts,
  request: ClusterRequest,
  purpose: ClusterPurpose,
): Promise<VisibleCluster> {
  const observed = observeAws(parts);
  return withAccess(observed, clusterAccess(request, purpose), async ({ credentials }) => {
    const location = await locateCluster(observed, credentials, request, { fresh: true });
    return { request, location, credentials };
  });
}

/**
 * The clusters of forge.yaml and of EKS in each of these environments. What fails for one is told beside what was
 * found of the others; a sign-in that is needed is thrown, once.
 */
export async function findVisibleClusters(
  parts: AccessParts,
  environments: readonly Environment[],
  purpose: ClusterPurpose,
): Promise<VisibleClusters> {
  const clusters: VisibleCluster[] = [];
  const failures: ClusterFailure[] = [];
  const visit = async (environment: Environment) => {
    try {
      const found = await inEnvironment(parts, environment, purpose);
      clusters.push(...found.clusters);
      failures.push(...found.failures);
    } catch (error) {
      failures.push(failureOf(parts, environment.name, error));
    }
  };
  // The first alone: it may have to sign in, and that is done once.
  const [first, ...others] = environments;
  if (first !== undefined) await visit(first);
  await inTurns(others, 4, visit);
  const order = new Map(environments.map(({ name }, index) => [name, index]));
  const place = ({ request }: VisibleCluster) => order.get(request.environment?.name ?? '') ?? 0;
  clusters.sort((a, b) => place(a) - place(b) || (a.request.name < b.request.name ? -1 : 1));
  return { clusters, failures };
}

async function inEnvironment(
  parts: AccessParts,
  environment: Environment,
  purpose: ClusterPurpose,
): Promise<VisibleClusters> {
  const clusters: VisibleCluster[] = [];
  const failures: ClusterFailure[] = [];
  const observed = observeAws(parts);
  const { name, region } = environment;
  const access = { environment, targetName: name, region, roles: [], write: true, ...purpose };
  await withAccess(observed, access, async ({ credentials }) => {
    const requests = await requestsOf(observed, environment, credentials, failures);
    await inTurns(requests, atOnce, async (request) => {
      try {
        if (request.roles.length > 0) {
          clusters.push(await findVisibleCluster(parts, request, purpose));
          return;
        }
        const location = await locateCluster(observed, credentials, request, { fresh: true });
        clusters.push({ request, location, credentials });
      } catch (error) {
        failures.push(failureOf(parts, request.name, error));
      }
    });
  });
  return { clusters, failures };
}

/** Those that forge.yaml names, and what else EKS lists; without leave to list, the first alone. */
async function requestsOf(
  parts: AccessParts,
  environment: Environment,
  credentials: RoleCredentials,
  failures: ClusterFailure[],
): Promise<readonly ClusterRequest[]> {
  const { config, host } = parts;
  const said = { env: environment.name, variables: host.env };
  const named = [...environment.clusters.values()];
  const requests = named.map((cluster) =>
    requestCluster(config, clusterTargetName(environment, cluster), {}, said),
  );
  try {
    const { listClusters } = await import('../aws/eks.ts');
    const listed = await listClusters(await parts.aws(), environment.region, signingKeys(credentials));
    const others = listed.filter((name) => !named.some(({ cluster }) => cluster === name));
    for (const cluster of others) {
      try {
        requests.push(requestCluster(config, undefined, { cluster }, said));
      } catch (error) {
        // A name that EKS does not give: the others are clusters all the same.
        failures.push(failureOf(parts, environment.name, error));
      }
    }
    return requests;
  } catch (error) {
    const failure = failureOf(parts, environment.name, error);
    if (requests.length === 0 || failure.error.kind !== 'denied') failures.push(failure);
    return requests;
  }
}

/** A defect, Ctrl-C and a missing sign-in end the whole. */
function failureOf({ host }: AccessParts, name: string, error: unknown): ClusterFailure {
  host.signal.throwIfAborted();
  if (!(error instanceof ForgeError) || error.kind === 'signed-out' || error.kind === 'interrupted')
    throw error;
  return { name, error };
}

async function inTurns<Item>(
  items: readonly Item[],
  width: number,
  use: (item: Item) => Promise<void>,
): Promise<void> {
  const queue = items.values();
  const worker = async () => {
    for (const item of queue) await use(item);
  };
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, worker));
}
