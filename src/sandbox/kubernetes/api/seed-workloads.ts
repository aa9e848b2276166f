import type { JsonMap } from './json.ts';

/** What runs in a cluster from the start. */
export interface Workload {
  readonly kind: 'Deployment' | 'DaemonSet';
  readonly namespace: string;
  readonly name: string;
  /** Of a Deployment; a DaemonSet has one on each node. */
  readonly replicas: number;
  readonly containers: readonly [JsonMap, ...JsonMap[]];
  readonly labels: Readonly<Record<string, string>>;
  /** Its first pod was killed for lack of memory. */
  readonly crashed?: true;
}

const registry = (account: string, region: string) => `${account}.dkr.ecr.${region}.amazonaws.com`;

const resources = (cpu: string, memory: string): JsonMap => ({
  requests: { cpu, memory },
  limits: { memory },
});

/** `bulk`: pods of one deployment on top, for what it costs to list many. */
export function seedWorkloads(account: string, region: string, bulk: number): readonly Workload[] {
  const images = registry(account, region);
  const http = (port: number) => ({
    ports: [{ name: 'http', containerPort: port, protocol: 'TCP' }],
    readinessProbe: { httpGet: { path: '/health', port: 'http', scheme: 'HTTP' }, periodSeconds: 10 },
  });
  const app = (name: string, replicas: number, containers: readonly [JsonMap, ...JsonMap[]]): Workload => ({
    kind: 'Deployment',
    namespace: 'default',
    name,
    replicas,
    containers,
    labels: { app: name },
  });
  const system = (kind: Workload['kind'], name: string, replicas: number, image: string): Workload => ({
    kind,
    namespace: 'kube-system',
    name,
    replicas,
    containers: [{ name, image: `602401143452.dkr.ecr.${region}.amazonaws.com/eks/${image}` }],
    labels: { 'k8s-app': name === 'coredns' ? 'kube-dns' : name },
  });
  return [
    app('web', 3, [
      {
        name: 'web',
        image: `${images}/web:2.14.0`,
        ...http(8080),
        env: [{ name: 'LOG_LEVEL', value: 'info' }],
        envFrom: [{ configMapRef: { name: 'web-config' } }],
        resources: resources('100m', '128Mi'),
      },
    ]),
    app('orders', 2, [
      {
        name: 'orders',
        image: `${images}/orders:1.8.3`,
        ...http(9090),
        resources: resources('250m', '256Mi'),
      },
      { name: 'envoy', image: `${images}/envoy:1.31`, resources: resources('50m', '64Mi') },
    ]),
    {
      ...app('worker', 1, [
        { name: 'worker', image: `${images}/worker:0.9.1`, resources: resources('500m', '512Mi') },
      ]),
      crashed: true,
    },
    ...(bulk > 0
      ? [{ ...app('bulk', bulk, [{ name: 'bulk', image: `${images}/bulk:1` }]), namespace: 'bulk' }]
      : []),
    system('Deployment', 'coredns', 2, 'coredns:v1.12.1'),
    system('DaemonSet', 'aws-node', 0, 'amazon-k8s-cni:v1.20.1'),
    system('DaemonSet', 'kube-proxy', 0, 'kube-proxy:v1.33.3'),
  ];
}
