import type { ApiRequest } from './api-request.ts';
import type { KubernetesObject } from './json.ts';
import { listObjects } from './list-objects.ts';
import type { ObjectStore } from './object-store.ts';
import type { PodLife } from './pod-life.ts';
import type { ResourceRequest } from './request-info.ts';
import { type Resource, resources } from './resource.ts';
import { ApiFailure, methodNotAllowed, notFound } from './status.ts';
import { formOf, tableOf } from './table.ts';
import { isDryRun, readNewObject, readPatched, readReplacement, selectedObjects } from './write-objects.ts';

export interface ObjectParts {
  readonly store: ObjectStore;
  readonly life: PodLife;
  now(): number;
}

export interface ObjectAnswer {
  readonly status: number;
  readonly body: KubernetesObject;
}

/** Everything that is done to objects but watching them. Throws ApiFailure. */
export async function answerObjects(
  request: ApiRequest,
  info: ResourceRequest,
  resource: Resource,
  parts: ObjectParts,
): Promise<ObjectAnswer> {
  const { store, life, now } = parts;
  const { query } = request;
  const namespace = resource.namespaced ? info.namespace : '';
  const find = () => {
    const found = store.find(resource, namespace, info.name);
    if (found === undefined) throw notFound(resource.group, resource.name, info.name);
    return found;
  };
  const form = (object: KubernetesObject): KubernetesObject => {
    if (formOf(request.accept) !== 'table') return object;
    const metadata = { resourceVersion: object.metadata.resourceVersion ?? '' };
    return tableOf([object], metadata, { resource, includeObject: query.get('includeObject'), now: now() });
  };
  const remove = (object: KubernetesObject): KubernetesObject => {
    if (resource.name === 'pods') return life.delete(object);
    const name = String(object.metadata.name);
    if (resource.name === 'namespaces') empty(store, name);
    return store.delete(resource, namespaceOf(object), name);
  };
  switch (info.verb) {
    case 'get':
      return { status: 200, body: form(find()) };
    case 'list':
      return { status: 200, body: listObjects(request, store, resource, namespace, now()) };
    case 'create': {
      if (info.name !== '' && resource.name !== 'namespaces') throw methodNotAllowed();
      const dryRun = isDryRun(query);
      const object = await readNewObject(request, info, resource, store);
      if (dryRun) return { status: 201, body: form(object) };
      return {
        status: 201,
        body: form(resource.name === 'pods' ? life.create(object) : store.create(resource, object)),
      };
    }
    case 'update':
    case 'patch': {
      const dryRun = isDryRun(query);
      const before = find();
      const object =
        info.verb === 'update'
          ? await readReplacement(request, info, resource)
          : await readPatched(request, info, resource, before);
      return { status: 200, body: form(dryRun ? object : store.update(resource, object)) };
    }
    case 'delete': {
      const object = find();
      return { status: 200, body: isDryRun(query) ? object : deleted(resource, remove(object)) };
    }
    case 'deletecollection': {
      const objects = selectedObjects(request, store, resource, namespace);
      if (!isDryRun(query)) for (const object of objects) remove(object);
      return { status: 200, body: listObjects(request, store, resource, namespace, now()) };
    }
    default:
      throw methodNotAllowed();
  }
}

const namespaceOf = (object: KubernetesObject): string => String(object.metadata.namespace ?? '');

/** Pods come back whole, as from a graceful deletion; the rest is gone at once, and a Status says so. */
function deleted(resource: Resource, object: KubernetesObject): KubernetesObject {
  if (resource.name === 'pods') return object;
  const { name = '', uid = '' } = object.metadata;
  const group = resource.group === '' ? {} : { group: resource.group };
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Success',
    details: { name, ...group, kind: resource.name, uid },
  };
}

/** A namespace takes what is in it along. */
function empty(store: ObjectStore, namespace: string): void {
  if (['default', 'kube-system', 'kube-public', 'kube-node-lease'].includes(namespace)) {
    const message = `namespaces ${JSON.stringify(namespace)} is forbidden: this namespace may not be deleted`;
    throw new ApiFailure(403, 'Forbidden', message, { name: namespace, kind: 'namespaces' });
  }
  for (const resource of resources.filter((entry) => entry.namespaced)) {
    for (const object of store.list(resource, namespace)) {
      store.delete(resource, namespace, String(object.metadata.name));
    }
  }
}
