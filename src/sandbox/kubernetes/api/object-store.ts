import { randomUUID } from 'node:crypto';
import { isoSeconds } from '../../../lib/iso-seconds.ts';
import { type KubernetesObject, textAt } from './json.ts';
import { apiVersionOf, type Resource } from './resource.ts';
import { alreadyExists, conflict, notFound } from './status.ts';

export interface Change {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly resource: Resource;
  readonly object: KubernetesObject;
  /** Before this change: whoever selects by its labels learns that it left. */
  readonly before: KubernetesObject | undefined;
  readonly version: number;
}

/** Every object of a cluster, in memory. Objects are values: a change puts another one in its place. */
export interface ObjectStore {
  /** resourceVersion of the last change. */
  readonly version: number;
  /** In order of namespace and name; `namespace` empty: of all of them. */
  list(resource: Resource, namespace: string): readonly KubernetesObject[];
  find(resource: Resource, namespace: string, name: string): KubernetesObject | undefined;
  /** Gives it uid, creationTimestamp and resourceVersion. */
  create(resource: Resource, object: KubernetesObject): KubernetesObject;
  /** Refuses when `object` carries the resourceVersion of another state. */
  update(resource: Resource, object: KubernetesObject): KubernetesObject;
  delete(resource: Resource, namespace: string, name: string): KubernetesObject;
  /** Changes after a version; undefined: too long ago. */
  since(version: number): readonly Change[] | undefined;
  subscribe(listener: (change: Change) => void): Disposable;
}

/** Changes that a watch can still be told of. */
const history = 2_000;
/** Versions of a cluster that has lived for a while. */
const firstVersion = 100_000;

export function createObjectStore(now: () => number): ObjectStore {
  const tables = new Map<Resource, Map<string, KubernetesObject>>();
  const sorted = new Map<Resource, readonly KubernetesObject[]>();
  const listeners = new Set<(change: Change) => void>();
  let changes: Change[] = [];
  let forgotten = firstVersion;
  let version = firstVersion;
  const table = (resource: Resource) => {
    const found = tables.get(resource) ?? new Map<string, KubernetesObject>();
    tables.set(resource, found);
    return found;
  };
  const put = (
    type: Change['type'],
    resource: Resource,
    object: KubernetesObject,
    before: KubernetesObject | undefined,
  ): KubernetesObject => {
    version++;
    const { metadata, apiVersion: _a, kind: _k, ...rest } = object;
    const stored: KubernetesObject = {
      apiVersion: apiVersionOf(resource),
      kind: resource.kind,
      metadata: { ...metadata, resourceVersion: String(version) },
      ...rest,
    };
    if (type === 'DELETED') table(resource).delete(keyOf(object));
    else table(resource).set(keyOf(object), stored);
    sorted.delete(resource);
    const change: Change = { type, resource, object: stored, before, version };
    changes.push(change);
    if (changes.length > 2 * history) {
      forgotten = changes[history - 1]?.version ?? forgotten;
      changes = changes.slice(history);
    }
    for (const listener of [...listeners]) listener(change);
    return stored;
  };
  const get = (resource: Resource, namespace: string, name: string) => {
    const found = table(resource).get(`${namespace}/${name}`);
    if (found === undefined) throw notFound(resource.group, resource.name, name);
    return found;
  };
  return {
    get version() {
      return version;
    },
    list(resource, namespace) {
      let objects = sorted.get(resource);
      if (objects === undefined) {
        objects = [...table(resource)].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, object]) => object);
        sorted.set(resource, objects);
      }
      return namespace === '' || !resource.namespaced
        ? objects
        : objects.filter((object) => textAt(object, 'metadata', 'namespace') === namespace);
    },
    find: (resource, namespace, name) => table(resource).get(`${namespace}/${name}`),
    create(resource, object) {
      const name = textAt(object, 'metadata', 'name');
      if (table(resource).has(keyOf(object))) throw alreadyExists(resource.group, resource.name, name);
      const metadata = {
        ...object.metadata,
        uid: textAt(object, 'metadata', 'uid') || randomUUID(),
        creationTimestamp: textAt(object, 'metadata', 'creationTimestamp') || isoSeconds(now()),
      };
      return put('ADDED', resource, { ...object, metadata }, undefined);
    },
    update(resource, object) {
      const name = textAt(object, 'metadata', 'name');
      const before = get(resource, textAt(object, 'metadata', 'namespace'), name);
      const known = textAt(object, 'metadata', 'resourceVersion');
      if (known !== '' && known !== before.metadata.resourceVersion) {
        throw conflict(
          resource.group,
          resource.name,
          name,
          'the object has been modified; please apply your changes to the latest version and try again',
        );
      }
      const { uid = null, creationTimestamp = null } = before.metadata;
      return put(
        'MODIFIED',
        resource,
        { ...object, metadata: { ...object.metadata, uid, creationTimestamp } },
        before,
      );
    },
    delete(resource, namespace, name) {
      const before = get(resource, namespace, name);
      return put('DELETED', resource, before, before);
    },
    since(from) {
      return from < forgotten ? undefined : changes.filter((change) => change.version > from);
    },
    subscribe(listener) {
      listeners.add(listener);
      return { [Symbol.dispose]: () => void listeners.delete(listener) };
    },
  };
}

/** Where an object is among those of its kind: pages go on after such a key. */
export const keyOf = (object: KubernetesObject): string =>
  `${textAt(object, 'metadata', 'namespace')}/${textAt(object, 'metadata', 'name')}`;
