import { isoSeconds } from '../../../lib/iso-seconds.ts';
import { derivedHex } from '../../issued-keys.ts';
import type { JsonMap, KubernetesObject } from './json.ts';

/** A cluster as the organisation has it. */
export interface ClusterFacts {
  readonly name: string;
  readonly account: string;
  readonly region: string;
  /** 1.33 */
  readonly version: string;
  /** Epoch milliseconds. */
  readonly createdAt: number;
  /** Pods of a namespace `bulk`, none unless told. */
  readonly bulkPods?: number;
}

export interface NodeFacts {
  readonly name: string;
  readonly ip: string;
  readonly index: number;
}

const nodeCount = 3;

export function nodesOf(cluster: ClusterFacts): readonly NodeFacts[] {
  const network = Number(cluster.account[0] ?? 0) * 10;
  return Array.from({ length: nodeCount }, (_, index) => {
    const ip = `10.${network}.${32 + index * 16}.${11 + index}`;
    return { name: `ip-${ip.replaceAll('.', '-')}.ec2.internal`, ip, index };
  });
}

export function nodeObject(
  cluster: ClusterFacts,
  { name, ip, index }: NodeFacts,
  now: number,
): KubernetesObject {
  const zone = `${cluster.region}${'abc'[index % 3]}`;
  const room = { cpu: '2', memory: '7934412Ki', 'ephemeral-storage': '83873772Ki', pods: '110' };
  const condition = (type: string, status: string, reason: string, message: string) => ({
    type,
    status,
    reason,
    message,
    lastHeartbeatTime: isoSeconds(now - 60_000),
    lastTransitionTime: isoSeconds(cluster.createdAt),
  });
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name,
      creationTimestamp: isoSeconds(cluster.createdAt),
      labels: {
        'eks.amazonaws.com/nodegroup': 'default',
        'kubernetes.io/arch': 'arm64',
        'kubernetes.io/hostname': name,
        'kubernetes.io/os': 'linux',
        'node.kubernetes.io/instance-type': 'm7g.large',
        'topology.kubernetes.io/region': cluster.region,
        'topology.kubernetes.io/zone': zone,
      },
    },
    spec: { providerID: `aws:///${zone}/i-0${derivedHex(`node:${cluster.account}:${name}`, 16)}` },
    status: {
      addresses: [
        { type: 'InternalIP', address: ip },
        { type: 'InternalDNS', address: name },
        { type: 'Hostname', address: name },
      ],
      allocatable: { ...room, cpu: '1930m', memory: '7244236Ki' },
      capacity: room,
      conditions: [
        condition(
          'MemoryPressure',
          'False',
          'KubeletHasSufficientMemory',
          'kubelet has sufficient memory available',
        ),
        condition('DiskPressure', 'False', 'KubeletHasNoDiskPressure', 'kubelet has no disk pressure'),
        condition('PIDPressure', 'False', 'KubeletHasSufficientPID', 'kubelet has sufficient PID available'),
        condition('Ready', 'True', 'KubeletReady', 'kubelet is posting ready status'),
      ],
      nodeInfo: {
        architecture: 'arm64',
        bootID: derivedHex(`boot:${name}`, 32),
        containerRuntimeVersion: 'containerd://1.7.27',
        kernelVersion: '6.12.40-64.114.amzn2023.aarch64',
        kubeProxyVersion: '',
        kubeletVersion: `v${cluster.version}.0-eks-forge`,
        machineID: derivedHex(`machine:${name}`, 32),
        operatingSystem: 'linux',
        osImage: 'Amazon Linux 2023.8',
        systemUUID: derivedHex(`system:${name}`, 32),
      },
    },
  };
}

/** An object of few words. */
export function plainObject(
  apiVersion: string,
  kind: string,
  metadata: JsonMap,
  content: JsonMap = {},
): KubernetesObject {
  return { apiVersion, kind, metadata, ...content };
}

export interface EventFacts {
  readonly about: KubernetesObject;
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
  readonly component: string;
  readonly at: number;
  readonly count?: number;
}

/** An event about an object, its name as the API makes them. */
export function eventObject(facts: EventFacts): KubernetesObject {
  const { about, type, reason, message, component, at, count = 1 } = facts;
  const { name = '', namespace = 'default', uid = '', resourceVersion = '' } = about.metadata;
  const time = isoSeconds(at);
  return {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: {
      name: `${String(name)}.${derivedHex(`${String(name)}:${reason}:${at}`, 16)}`,
      namespace,
      creationTimestamp: time,
    },
    involvedObject: { apiVersion: about.apiVersion, kind: about.kind, name, namespace, uid, resourceVersion },
    reason,
    message,
    source: { component },
    firstTimestamp: time,
    lastTimestamp: time,
    count,
    type,
    eventTime: null,
    reportingComponent: component,
    reportingInstance: '',
  };
}
