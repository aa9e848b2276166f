import type { Host } from '../../host.ts';
import type { KubernetesApi } from '../kubernetes/api/kubernetes-api.ts';
import { type KubernetesFront, startKubernetesFront } from '../kubernetes/front.ts';
import type { EksCluster } from '../organisation.ts';
import type { World } from '../world.ts';

export interface KubernetesFronts extends AsyncDisposable {
  /** Clients that are connected. */
  connections(): number;
}

/** One front for each Kubernetes cluster of the world; ports and authorities are written into the world. */
export async function startKubernetesFronts(
  host: Pick<Host, 'now'>,
  world: World,
  createApi: (cluster: EksCluster) => KubernetesApi,
): Promise<KubernetesFronts> {
  const fronts: KubernetesFront[] = [];
  const close = async () => {
    await Promise.all(fronts.map((front) => front[Symbol.asyncDispose]()));
  };
  try {
    for (const cluster of world.organisation.eksClusters) {
      const api = createApi(cluster);
      fronts.push(await startKubernetesFront({ world, cluster, api, now: host.now() }));
    }
  } catch (error) {
    await close();
    throw error;
  }
  return {
    connections: () => fronts.reduce((sum, front) => sum + front.connections(), 0),
    [Symbol.asyncDispose]: close,
  };
}
