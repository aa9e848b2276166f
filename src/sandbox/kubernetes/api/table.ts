import { columnsOf } from './columns.ts';
import type { JsonMap, KubernetesObject } from './json.ts';
import type { Resource } from './resource.ts';

/** How a client wants objects: whole, or as the rows that kubectl prints. */
export type Form = 'object' | 'table';

export function formOf(accept: string | undefined): Form {
  const first = (accept ?? '').split(',')[0] ?? '';
  return first.includes('as=Table') && first.includes('g=meta.k8s.io') && !first.includes('v=v1beta1')
    ? 'table'
    : 'object';
}

export interface TableWish {
  readonly resource: Resource;
  /** Object: rows carry the whole objects; None: nothing; else their metadata. */
  readonly includeObject: string | null;
  readonly now: number;
}

/** `metadata` is the list's, or the single object's resourceVersion. */
export function tableOf(
  objects: readonly KubernetesObject[],
  metadata: JsonMap,
  { resource, includeObject, now }: TableWish,
): KubernetesObject {
  const columns = columnsOf(resource);
  return {
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata,
    columnDefinitions: columns.map(({ name, type, wide }) => ({
      name,
      type,
      format: name === 'Name' && !wide ? 'name' : '',
      description: name,
      priority: wide ? 1 : 0,
    })),
    rows: objects.map((object) => ({
      cells: columns.map((entry) => entry.cell(object, now)),
      ...(includeObject === 'None' ? {} : { object: includeObject === 'Object' ? object : partial(object) }),
    })),
  };
}

const partial = (object: KubernetesObject): KubernetesObject => ({
  kind: 'PartialObjectMetadata',
  apiVersion: 'meta.k8s.io/v1',
  metadata: object.metadata,
});
