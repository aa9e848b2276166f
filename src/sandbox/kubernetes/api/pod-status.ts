import { isoSeconds } from '../../../lib/iso-seconds.ts';
import { derivedHex } from '../../issued-keys.ts';
import { type Json, type JsonMap, type KubernetesObject, listAt, mapAt, textAt } from './json.ts';

export interface Placement {
  readonly node: string;
  readonly hostIp: string;
  readonly podIp: string;
}

/** A pod as the API server, the scheduler and the kubelet fill it in. */
export function placedPod(
  pod: KubernetesObject,
  { node, hostIp, podIp }: Placement,
  now: number,
): KubernetesObject {
  const spec = mapAt(pod, 'spec');
  const containers = listAt(spec, 'containers').map((container) => ({
    resources: {},
    terminationMessagePath: '/dev/termination-log',
    terminationMessagePolicy: 'File',
    imagePullPolicy: 'IfNotPresent',
    ...mapAt(container),
  }));
  return {
    ...pod,
    spec: {
      restartPolicy: 'Always',
      terminationGracePeriodSeconds: 30,
      dnsPolicy: 'ClusterFirst',
      serviceAccountName: 'default',
      serviceAccount: 'default',
      schedulerName: 'default-scheduler',
      enableServiceLinks: true,
      priority: 0,
      ...spec,
      securityContext: mapAt(spec, 'securityContext'),
      containers,
      nodeName: node,
    },
    status: {
      phase: 'Pending',
      conditions: conditions(false, now),
      hostIP: hostIp,
      podIP: podIp,
      podIPs: [{ ip: podIp }],
      startTime: isoSeconds(now),
      qosClass: 'BestEffort',
      containerStatuses: containers.map((container) =>
        containerStatus(pod, container, { waiting: { reason: 'ContainerCreating' } }),
      ),
    },
  };
}

export interface Crash {
  readonly restarts: number;
  /** Epoch milliseconds of the last one. */
  readonly at: number;
}

/** All its containers run since then. */
export function runningPod(pod: KubernetesObject, since: number, crash?: Crash): KubernetesObject {
  const startedAt = isoSeconds(since);
  return {
    ...pod,
    status: {
      ...mapAt(pod, 'status'),
      phase: 'Running',
      conditions: conditions(true, since),
      containerStatuses: listAt(pod, 'spec', 'containers').map((container) =>
        containerStatus(
          pod,
          container,
          { running: { startedAt: crash === undefined ? startedAt : isoSeconds(crash.at) } },
          crash,
        ),
      ),
    },
  };
}

function conditions(ready: boolean, since: number): readonly JsonMap[] {
  return ['PodReadyToStartContainers', 'Initialized', 'Ready', 'ContainersReady', 'PodScheduled'].map(
    (type) => ({
      type,
      status: ready || type === 'Initialized' || type === 'PodScheduled' ? 'True' : 'False',
      lastProbeTime: null,
      lastTransitionTime: isoSeconds(since),
    }),
  );
}

function containerStatus(pod: KubernetesObject, container: Json, state: JsonMap, crash?: Crash): JsonMap {
  const name = textAt(container, 'name');
  const image = textAt(container, 'image');
  const running = state.running !== undefined;
  const hex = (what: string) => derivedHex(`${what}:${textAt(pod, 'metadata', 'name')}:${name}`, 64);
  const lastState =
    crash === undefined
      ? {}
      : {
          terminated: {
            exitCode: 137,
            reason: 'OOMKilled',
            startedAt: isoSeconds(crash.at - 3_600_000),
            finishedAt: isoSeconds(crash.at),
            containerID: `containerd://${hex('previous')}`,
          },
        };
  return {
    name,
    image,
    imageID: running ? `${image.split(':')[0]}@sha256:${derivedHex(`image:${image}`, 64)}` : '',
    ...(running ? { containerID: `containerd://${hex('container')}` } : {}),
    ready: running,
    started: running,
    restartCount: crash?.restarts ?? 0,
    state,
    lastState,
  };
}
