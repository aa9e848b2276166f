import { humanDuration } from './human-duration.ts';
import { type KubernetesObject, textAt } from './json.ts';

/** A column of `kubectl get`; the server writes the cells. */
export interface Column {
  readonly name: string;
  /** Only with `-o wide`. */
  readonly wide: boolean;
  readonly type: 'string' | 'integer';
  cell(object: KubernetesObject, now: number): string | number;
}

type Cell = Column['cell'];
export const column = (name: string, cell: Cell, type: Column['type'] = 'string'): Column => ({
  name,
  wide: false,
  type,
  cell,
});
export const wideColumn = (name: string, cell: Cell): Column => ({ ...column(name, cell), wide: true });

/** Since then; `<unknown>` where no time is. */
export function ageOf(time: string, now: number): string {
  const then = Date.parse(time);
  return Number.isNaN(then) ? '<unknown>' : humanDuration(now - then);
}

export const nameColumn = column('Name', (object) => textAt(object, 'metadata', 'name'));
export const ageColumn = column('Age', (object, now) =>
  ageOf(textAt(object, 'metadata', 'creationTimestamp'), now),
);
