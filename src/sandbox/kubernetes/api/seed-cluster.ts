import { isoSeconds } from '../../../lib/iso-seconds.ts';
import { derivedHex } from '../../issued-keys.ts';
import type { JsonMap, KubernetesObject } from './json.ts';
import type { ObjectStore } from './object-store.ts';
import { placedPod, runningPod } from './pod-status.ts';
import { apiVersionOf, resources } from './resource.ts';
import {
  type ClusterFacts,
  eventObject,
  type NodeFacts,
  nodeObject,
  nodesOf,
  plainObject,
} from './seed-objects.ts';
import { seedWorkloads, type Workload } from './seed-workloads.ts';

/** Fills an empty store with what a small cluster of a shop has. */
export function seedCluster(store: ObjectStore, cluster: ClusterFacts, now: number): void {
  const add = (object: KubernetesObject) => {
    const resource = resources.find(
      (entry) => entry.kind === object.kind && apiVersionOf(entry) === object.apiVersion,
    );
    if (resource === undefined) throw new Error(`the sandbox's Kubernetes has no ${object.kind}`);
    return store.create(resource, object);
  };
  const born = Math.min(cluster.createdAt, now - 3_600_000);
  const creationTimestamp = isoSeconds(born);
  const nodes = nodesOf(cluster);
  const workloads = seedWorkloads(cluster.account, cluster.region, cluster.bulkPods ?? 0);
  const namespaces = new Set([
    'kube-public',
    'kube-node-lease',
    ...workloads.map((entry) => entry.namespace),
  ]);
  for (const name of namespaces) {
    add(
      plainObject(
        'v1',
        'Namespace',
        { name, creationTimestamp, labels: { 'kubernetes.io/metadata.name': name } },
        { spec: { finalizers: ['kubernetes'] }, status: { phase: 'Active' } },
      ),
    );
    add(plainObject('v1', 'ServiceAccount', { name: 'default', namespace: name, creationTimestamp }));
  }
  for (const node of nodes) {
    add(nodeObject({ ...cluster, createdAt: born }, node, now));
    const spec = {
      holderIdentity: node.name,
      leaseDurationSeconds: 40,
      renewTime: `${isoSeconds(now).slice(0, -1)}.000000Z`,
    };
    add(
      plainObject(
        'coordination.k8s.io/v1',
        'Lease',
        { name: node.name, namespace: 'kube-node-lease' },
        { spec },
      ),
    );
  }
  let pods = 0;
  for (const workload of workloads) {
    for (const object of workloadObjects(workload, nodes, born)) add(object);
    const count = workload.kind === 'DaemonSet' ? nodes.length : workload.replicas;
    for (let index = 0; index < count; index++) {
      const node = nodes[(index + (workload.kind === 'DaemonSet' ? 0 : pods)) % nodes.length];
      if (node === undefined) continue;
      const crash = workload.crashed && index === 0 ? { restarts: 4, at: now - 720_000 } : undefined;
      const placement = { node: node.name, hostIp: node.ip, podIp: addressOf(node, ++pods) };
      const pod = add(runningPod(placedPod(podOf(workload, index, born), placement, born), born, crash));
      if (crash !== undefined) for (const event of crashEvents(pod, crash.at)) add(event);
    }
  }
  for (const object of plainObjects(creationTimestamp)) add(object);
}

/** Of the node's own range. */
export const addressOf = (node: NodeFacts, number: number): string =>
  `${node.ip.split('.').slice(0, 2).join('.')}.${32 + node.index * 16 + 1 + (Math.floor(number / 250) % 14)}.${(number % 250) + 2}`;

const templateHash = (workload: Workload) => derivedHex(`template:${workload.name}`, 10);

function podOf(workload: Workload, index: number, born: number): KubernetesObject {
  const { kind, name, namespace } = workload;
  const isDeployment = kind === 'Deployment';
  const owner = isDeployment ? `${name}-${templateHash(workload)}` : name;
  const hash: Record<string, string> = isDeployment
    ? { 'pod-template-hash': templateHash(workload) }
    : { 'controller-revision-hash': templateHash(workload) };
  return plainObject(
    'v1',
    'Pod',
    {
      name: `${owner}-${derivedHex(`pod:${name}:${index}`, 5)}`,
      generateName: `${owner}-`,
      namespace,
      creationTimestamp: isoSeconds(born),
      labels: { ...workload.labels, ...hash },
      ownerReferences: [
        {
          apiVersion: 'apps/v1',
          kind: isDeployment ? 'ReplicaSet' : 'DaemonSet',
          name: owner,
          uid: uidOf(isDeployment ? 'ReplicaSet' : 'DaemonSet', workload),
          controller: true,
          blockOwnerDeletion: true,
        },
      ],
    },
    { spec: { containers: workload.containers } },
  );
}

function uidOf(kind: string, workload: Workload): string {
  const hex = derivedHex(`uid:${kind}:${workload.namespace}:${workload.name}`, 32);
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

function workloadObjects(
  workload: Workload,
  nodes: readonly NodeFacts[],
  born: number,
): readonly KubernetesObject[] {
  const { kind, namespace, name, replicas, labels, containers } = workload;
  const metadata = (objectKind: string, objectName: string, more: JsonMap = {}): JsonMap => ({
    name: objectName,
    namespace,
    labels,
    creationTimestamp: isoSeconds(born),
    uid: uidOf(objectKind, workload),
    generation: 1,
    ...more,
  });
  const template = { metadata: { labels }, spec: { containers } };
  if (kind === 'DaemonSet') {
    const count = nodes.length;
    const spec = { selector: { matchLabels: labels }, template, updateStrategy: { type: 'RollingUpdate' } };
    const status = {
      currentNumberScheduled: count,
      desiredNumberScheduled: count,
      numberAvailable: count,
      numberReady: count,
      numberMisscheduled: 0,
      updatedNumberScheduled: count,
      observedGeneration: 1,
    };
    return [plainObject('apps/v1', 'DaemonSet', metadata('DaemonSet', name), { spec, status })];
  }
  const counts = { replicas, readyReplicas: replicas, availableReplicas: replicas, observedGeneration: 1 };
  const deployment = plainObject('apps/v1', 'Deployment', metadata('Deployment', name), {
    spec: { replicas, selector: { matchLabels: labels }, template, strategy: { type: 'RollingUpdate' } },
    status: { ...counts, updatedReplicas: replicas },
  });
  const owner = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    name,
    uid: uidOf('Deployment', workload),
    controller: true,
  };
  const hashed = { ...labels, 'pod-template-hash': templateHash(workload) };
  const replicaSet = plainObject(
    'apps/v1',
    'ReplicaSet',
    metadata('ReplicaSet', `${name}-${templateHash(workload)}`, { labels: hashed, ownerReferences: [owner] }),
    {
      spec: {
        replicas,
        selector: { matchLabels: hashed },
        template: { metadata: { labels: hashed }, spec: { containers } },
      },
      status: { ...counts, fullyLabeledReplicas: replicas },
    },
  );
  return [deployment, replicaSet];
}

function crashEvents(pod: KubernetesObject, at: number): readonly KubernetesObject[] {
  const say = (type: 'Normal' | 'Warning', reason: string, message: string, count: number, later: number) =>
    eventObject({ about: pod, type, reason, message, component: 'kubelet', at: at + later, count });
  return [
    say('Warning', 'BackOff', 'Back-off restarting failed container worker', 6, 0),
    say('Normal', 'Pulled', 'Container image already present on machine', 5, 1_000),
    say('Normal', 'Created', 'Created container: worker', 5, 1_000),
    say('Normal', 'Started', 'Started container worker', 5, 2_000),
  ];
}

function plainObjects(creationTimestamp: string): readonly KubernetesObject[] {
  const service = (
    namespace: string,
    name: string,
    clusterIP: string,
    ports: JsonMap[],
    labels: JsonMap = {},
  ) =>
    plainObject(
      'v1',
      'Service',
      { name, namespace, creationTimestamp, labels },
      {
        spec: { type: 'ClusterIP', clusterIP, clusterIPs: [clusterIP], ports, ...selectorOf(name) },
        status: { loadBalancer: {} },
      },
    );
  const selectorOf = (name: string): JsonMap =>
    name === 'kubernetes' ? {} : { selector: name === 'kube-dns' ? { 'k8s-app': name } : { app: name } };
  const port = (name: string, number: number, targetPort: number | string, protocol = 'TCP') => ({
    name,
    port: number,
    targetPort,
    protocol,
  });
  const dns = [port('dns', 53, 53, 'UDP'), port('dns-tcp', 53, 53)];
  const dnsLabels = {
    'k8s-app': 'kube-dns',
    'kubernetes.io/cluster-service': 'true',
    'kubernetes.io/name': 'CoreDNS',
  };
  const named = (name: string): JsonMap => ({ name, namespace: 'default', creationTimestamp });
  return [
    service('default', 'kubernetes', '172.20.0.1', [port('https', 443, 443)]),
    service('default', 'web', '172.20.41.7', [port('http', 80, 'http')], { app: 'web' }),
    service('default', 'orders', '172.20.96.12', [port('http', 80, 'http')], { app: 'orders' }),
    service('kube-system', 'kube-dns', '172.20.0.10', dns, dnsLabels),
    plainObject('v1', 'ConfigMap', named('web-config'), {
      data: { FEATURE_FLAGS: 'new-checkout', ORDERS_URL: 'http://orders' },
    }),
    plainObject('v1', 'Secret', named('orders-database'), {
      type: 'Opaque',
      data: { password: Buffer.from('nothing to see in a sandbox').toString('base64') },
    }),
  ];
}
