import { type KubernetesObject, listAt, textAt } from './json.ts';
import type { ObjectStore } from './object-store.ts';
import { placedPod, runningPod } from './pod-status.ts';
import { type Resource, resources } from './resource.ts';
import { addressOf } from './seed-cluster.ts';
import { type ClusterFacts, eventObject, nodesOf } from './seed-objects.ts';
import { fiveLetters } from './write-objects.ts';

/** What scheduler, kubelet and ReplicaSet controller do for pods: they start soon, and owned ones come again. */
export interface PodLife extends Disposable {
  create(pod: KubernetesObject): KubernetesObject;
  delete(pod: KubernetesObject): KubernetesObject;
}

/** From created to running. */
const startMilliseconds = 200;

export function createPodLife(store: ObjectStore, cluster: ClusterFacts, now: () => number): PodLife {
  const nodes = nodesOf(cluster);
  const timers = new Set<NodeJS.Timeout>();
  const [pods, events] = ['pods', 'events'].map((name) => resources.find((entry) => entry.name === name));
  if (pods === undefined || events === undefined) throw new Error('the sandbox has no pods');
  let number = 5_000;
  const start = (pod: KubernetesObject, later: () => void) => {
    const timer = setTimeout(() => {
      timers.delete(timer);
      later();
    }, startMilliseconds);
    timer.unref();
    timers.add(timer);
    return pod;
  };
  const life: PodLife = {
    create(wanted) {
      number++;
      const node = nodes[number % nodes.length];
      if (node === undefined) return store.create(pods, wanted);
      const placement = { node: node.name, hostIp: node.ip, podIp: addressOf(node, number) };
      const pod = store.create(pods, placedPod(wanted, placement, now()));
      tell(
        store,
        events,
        pod,
        'Scheduled',
        `Successfully assigned to ${node.name}`,
        'default-scheduler',
        now(),
      );
      return start(pod, () => run(store, pods, events, pod, now()));
    },
    delete(pod) {
      const namespace = textAt(pod, 'metadata', 'namespace');
      const gone = store.delete(pods, namespace, textAt(pod, 'metadata', 'name'));
      const { generateName = '', labels = {}, ownerReferences = [] } = pod.metadata;
      if (Array.isArray(ownerReferences) && ownerReferences.length > 0 && typeof generateName === 'string') {
        const metadata = {
          name: `${generateName}${fiveLetters()}`,
          generateName,
          namespace,
          labels,
          ownerReferences,
        };
        const { nodeName: _, ...spec } = (pod.spec ?? {}) as Record<string, KubernetesObject['metadata']>;
        life.create({ apiVersion: 'v1', kind: 'Pod', metadata, spec });
      }
      return gone;
    },
    [Symbol.dispose]() {
      for (const timer of timers) clearTimeout(timer);
    },
  };
  return life;
}

function run(
  store: ObjectStore,
  pods: Resource,
  events: Resource,
  created: KubernetesObject,
  now: number,
): void {
  const { name, namespace, uid } = created.metadata;
  const pod = store.find(pods, String(namespace), String(name));
  // Deleted meanwhile, or another of the same name.
  if (pod === undefined || pod.metadata.uid !== uid) return;
  store.update(pods, runningPod(pod, now));
  for (const container of listAt(pod, 'spec', 'containers')) {
    const said = `Started container ${textAt(container, 'name')}`;
    tell(store, events, pod, 'Started', said, 'kubelet', now);
  }
}

function tell(
  store: ObjectStore,
  events: Resource,
  about: KubernetesObject,
  reason: string,
  message: string,
  component: string,
  at: number,
): void {
  const event = eventObject({ about, type: 'Normal', reason, message, component, at });
  const unique = { ...event.metadata, name: `${String(event.metadata.name)}${fiveLetters()}` };
  store.create(events, { ...event, metadata: unique });
}
