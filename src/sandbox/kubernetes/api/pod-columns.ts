import { ageColumn, ageOf, type Column, column, nameColumn, wideColumn } from './column.ts';
import { at, type KubernetesObject, listAt, numberAt, textAt } from './json.ts';

const containerStatuses = (pod: KubernetesObject) => listAt(pod, 'status', 'containerStatuses');

/** What kubectl shows as a pod's status: the phase, unless a container has more to say. */
export function podStatus(pod: KubernetesObject): string {
  if (textAt(pod, 'metadata', 'deletionTimestamp') !== '') return 'Terminating';
  const said = containerStatuses(pod)
    .map((status) => {
      const code = numberAt(status, 'state', 'terminated', 'exitCode');
      return (
        textAt(status, 'state', 'waiting', 'reason') ||
        textAt(status, 'state', 'terminated', 'reason') ||
        (at(status, 'state', 'terminated') === undefined ? '' : `ExitCode:${code}`)
      );
    })
    .find((reason) => reason !== '');
  return said ?? (textAt(pod, 'status', 'reason') || textAt(pod, 'status', 'phase') || 'Unknown');
}

function restarts(pod: KubernetesObject, now: number): string {
  const statuses = containerStatuses(pod);
  const count = statuses.reduce<number>((sum, status) => sum + numberAt(status, 'restartCount'), 0);
  const last = statuses
    .map((status) => textAt(status, 'lastState', 'terminated', 'finishedAt'))
    .sort()
    .at(-1);
  return last ? `${count} (${ageOf(last, now)} ago)` : String(count);
}

export const podColumns: readonly Column[] = [
  nameColumn,
  column('Ready', (pod) => {
    const ready = containerStatuses(pod).filter((status) => at(status, 'ready') === true).length;
    return `${ready}/${listAt(pod, 'spec', 'containers').length}`;
  }),
  column('Status', podStatus),
  column('Restarts', restarts),
  ageColumn,
  wideColumn('IP', (pod) => textAt(pod, 'status', 'podIP') || '<none>'),
  wideColumn('Node', (pod) => textAt(pod, 'spec', 'nodeName') || '<none>'),
  wideColumn('Nominated Node', (pod) => textAt(pod, 'status', 'nominatedNodeName') || '<none>'),
  wideColumn('Readiness Gates', () => '<none>'),
];
