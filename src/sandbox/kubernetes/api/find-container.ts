import { at, type Json, type KubernetesObject, listAt, textAt } from './json.ts';
import { badRequest } from './status.ts';

/** The container of a pod that a request means. Throws ApiFailure: none of that name, or several to choose from. */
export function findContainer(pod: KubernetesObject, wanted: string | null): string {
  const podName = textAt(pod, 'metadata', 'name');
  const names = listAt(pod, 'spec', 'containers').map((container) => textAt(container, 'name'));
  if (wanted === null || wanted === '') {
    const [only, ...others] = names;
    if (only !== undefined && others.length === 0) return only;
    throw badRequest(
      `a container name must be specified for pod ${podName}, choose one of: [${names.join(' ')}]`,
    );
  }
  if (!names.includes(wanted)) throw badRequest(`container ${wanted} is not valid for pod ${podName}`);
  return wanted;
}

export const statusOfContainer = (pod: KubernetesObject, container: string): Json | undefined =>
  listAt(pod, 'status', 'containerStatuses').find((status) => at(status, 'name') === container);
