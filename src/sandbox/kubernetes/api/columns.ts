import { ageColumn, ageOf, type Column, column, nameColumn, wideColumn } from './column.ts';
import { at, type Json, type KubernetesObject, listAt, mapAt, numberAt, textAt, textsAt } from './json.ts';
import { podColumns } from './pod-columns.ts';
import type { Resource } from './resource.ts';

const text =
  (...path: readonly string[]): Column['cell'] =>
  (object) =>
    textAt(object, ...path);
const number = (name: string, ...path: readonly string[]) =>
  column(name, (object) => numberAt(object, ...path), 'integer');
const count = (name: string, ...fields: readonly string[]) =>
  column(
    name,
    (object) => fields.reduce((sum, field) => sum + Object.keys(mapAt(object, field)).length, 0),
    'integer',
  );
const joined = (values: Iterable<string>) => [...values].join(',') || '<none>';
const pairs = (map: ReadonlyMap<string, string>) => joined([...map].map(([key, value]) => `${key}=${value}`));
const selector = (...path: readonly string[]) =>
  wideColumn('Selector', (object) => pairs(textsAt(object, ...path)));
const containers = (field: string) => (object: KubernetesObject) =>
  joined(listAt(object, 'spec', 'template', 'spec', 'containers').map((entry) => textAt(entry, field)));
const workload = [
  wideColumn('Containers', containers('name')),
  wideColumn('Images', containers('image')),
  selector('spec', 'selector', 'matchLabels'),
];

const nodeAddress = (type: string) => (object: KubernetesObject) =>
  textAt(
    listAt(object, 'status', 'addresses').find((entry) => at(entry, 'type') === type),
    'address',
  ) || '<none>';

function nodeStatus(object: KubernetesObject): string {
  const ready = listAt(object, 'status', 'conditions').find((entry) => at(entry, 'type') === 'Ready');
  const state = at(ready, 'status') === 'True' ? 'Ready' : 'NotReady';
  return at(object, 'spec', 'unschedulable') === true ? `${state},SchedulingDisabled` : state;
}

function servicePorts(object: KubernetesObject): string {
  return joined(
    listAt(object, 'spec', 'ports').map((port) => {
      const nodePort = numberAt(port, 'nodePort');
      const number = `${numberAt(port, 'port')}${nodePort === 0 ? '' : `:${nodePort}`}`;
      return `${number}/${textAt(port, 'protocol') || 'TCP'}`;
    }),
  );
}

function endpointList(object: KubernetesObject): string {
  const all = listAt(object, 'subsets').flatMap((subset) =>
    listAt(subset, 'addresses').flatMap((address) =>
      listAt(subset, 'ports').map((port) => `${textAt(address, 'ip')}:${numberAt(port, 'port')}`),
    ),
  );
  return all.length > 3 ? `${all.slice(0, 3).join(',')} + ${all.length - 3} more...` : joined(all);
}

const lower = (value: Json | undefined) => (typeof value === 'string' ? value.toLowerCase() : '');
const eventColumns: readonly Column[] = [
  column('Last Seen', (object, now) => ageOf(textAt(object, 'lastTimestamp'), now)),
  column('Type', text('type')),
  column('Reason', text('reason')),
  column(
    'Object',
    (object) => `${lower(at(object, 'involvedObject', 'kind'))}/${textAt(object, 'involvedObject', 'name')}`,
  ),
  wideColumn('Subobject', text('involvedObject', 'fieldPath')),
  wideColumn('Source', (object) =>
    [textAt(object, 'source', 'component'), textAt(object, 'source', 'host')].filter(Boolean).join(', '),
  ),
  column('Message', (object) => textAt(object, 'message').trim()),
  wideColumn('First Seen', (object, now) => ageOf(textAt(object, 'firstTimestamp'), now)),
  wideColumn('Count', (object) => String(numberAt(object, 'count'))),
  wideColumn('Name', text('metadata', 'name')),
];

const tables: Readonly<Record<string, readonly Column[]>> = {
  configmaps: [nameColumn, count('Data', 'data', 'binaryData'), ageColumn],
  daemonsets: [
    nameColumn,
    number('Desired', 'status', 'desiredNumberScheduled'),
    number('Current', 'status', 'currentNumberScheduled'),
    number('Ready', 'status', 'numberReady'),
    number('Up-to-date', 'status', 'updatedNumberScheduled'),
    number('Available', 'status', 'numberAvailable'),
    column('Node Selector', (object) => pairs(textsAt(object, 'spec', 'template', 'spec', 'nodeSelector'))),
    ageColumn,
    ...workload,
  ],
  deployments: [
    nameColumn,
    column(
      'Ready',
      (object) => `${numberAt(object, 'status', 'readyReplicas')}/${numberAt(object, 'spec', 'replicas')}`,
    ),
    number('Up-to-date', 'status', 'updatedReplicas'),
    number('Available', 'status', 'availableReplicas'),
    ageColumn,
    ...workload,
  ],
  endpoints: [nameColumn, column('Endpoints', endpointList), ageColumn],
  events: eventColumns,
  leases: [nameColumn, column('Holder', text('spec', 'holderIdentity')), ageColumn],
  namespaces: [nameColumn, column('Status', text('status', 'phase')), ageColumn],
  nodes: [
    nameColumn,
    column('Status', nodeStatus),
    column('Roles', () => '<none>'),
    ageColumn,
    column('Version', text('status', 'nodeInfo', 'kubeletVersion')),
    wideColumn('Internal-IP', nodeAddress('InternalIP')),
    wideColumn('External-IP', nodeAddress('ExternalIP')),
    wideColumn('OS-Image', text('status', 'nodeInfo', 'osImage')),
    wideColumn('Kernel-Version', text('status', 'nodeInfo', 'kernelVersion')),
    wideColumn('Container-Runtime', text('status', 'nodeInfo', 'containerRuntimeVersion')),
  ],
  pods: podColumns,
  replicasets: [
    nameColumn,
    number('Desired', 'spec', 'replicas'),
    number('Current', 'status', 'replicas'),
    number('Ready', 'status', 'readyReplicas'),
    ageColumn,
    ...workload,
  ],
  secrets: [nameColumn, column('Type', text('type')), count('Data', 'data'), ageColumn],
  serviceaccounts: [
    nameColumn,
    column('Secrets', (object) => listAt(object, 'secrets').length, 'integer'),
    ageColumn,
  ],
  services: [
    nameColumn,
    column('Type', text('spec', 'type')),
    column('Cluster-IP', text('spec', 'clusterIP')),
    column('External-IP', (object) =>
      joined(
        listAt(object, 'status', 'loadBalancer', 'ingress').map(
          (entry) => textAt(entry, 'hostname') || textAt(entry, 'ip'),
        ),
      ),
    ),
    column('Port(s)', servicePorts),
    ageColumn,
    selector('spec', 'selector'),
  ],
};

export const columnsOf = (resource: Resource): readonly Column[] =>
  tables[resource.name] ?? [nameColumn, ageColumn];
