import { randomBytes } from 'node:crypto';
import { type ApiRequest, asObject } from './api-request.ts';
import { isMap, type Json, type JsonMap, type KubernetesObject, listAt, parseMap, textAt } from './json.ts';
import { readSelector } from './list-objects.ts';
import type { ObjectStore } from './object-store.ts';
import type { ResourceRequest } from './request-info.ts';
import { apiVersionOf, type Resource, resources } from './resource.ts';
import { badRequest, invalid, notFound, unsupportedMediaType } from './status.ts';

const name63 = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const name253 = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const rfc1123 =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character";

/** What a new object becomes, checked but not yet stored. */
export async function readNewObject(
  request: ApiRequest,
  info: ResourceRequest,
  resource: Resource,
  store: ObjectStore,
): Promise<KubernetesObject> {
  const object = checkKind(asObject(await request.body()), resource);
  const generateName = textAt(object, 'metadata', 'generateName');
  const name =
    textAt(object, 'metadata', 'name') || (generateName === '' ? '' : `${generateName}${fiveLetters()}`);
  const isShort = ['namespaces', 'services'].includes(resource.name);
  if (name === '')
    throw invalid(resource.kind, '', 'metadata.name', 'Required value: name or generateName is required');
  if (name.length > (isShort ? 63 : 253) || !(isShort ? name63 : name253).test(name)) {
    throw invalid(resource.kind, name, 'metadata.name', `Invalid value: ${JSON.stringify(name)}: ${rfc1123}`);
  }
  const { namespace: _, ...metadata } = object.metadata;
  if (!resource.namespaced) return { ...object, metadata: { ...metadata, name } };
  const stated = textAt(object, 'metadata', 'namespace');
  if (stated !== '' && stated !== info.namespace) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  }
  const namespaces = resources.find((entry) => entry.name === 'namespaces');
  if (namespaces !== undefined && store.find(namespaces, '', info.namespace) === undefined) {
    throw notFound('', 'namespaces', info.namespace);
  }
  if (resource.name === 'pods') checkPod(object, name);
  return { ...object, metadata: { ...metadata, name, namespace: info.namespace } };
}

/** The object of a PUT: the same kind, name and namespace as the path. */
export async function readReplacement(
  request: ApiRequest,
  info: ResourceRequest,
  resource: Resource,
): Promise<KubernetesObject> {
  return settle(checkKind(asObject(await request.body()), resource), info, resource);
}

/** What a PATCH makes of an object. */
export async function readPatched(
  request: ApiRequest,
  info: ResourceRequest,
  resource: Resource,
  before: KubernetesObject,
): Promise<KubernetesObject> {
  const { contentType } = request;
  // Strategic merges treat lists in ways of their own; what has no lists is merged all the same.
  const merges =
    contentType === 'application/merge-patch+json' ||
    (contentType === 'application/strategic-merge-patch+json' && before.spec === undefined);
  if (!merges) throw unsupportedMediaType('application/merge-patch+json');
  const patch = parseMap(await request.text());
  if (patch === undefined) throw badRequest('the patch is no JSON object');
  return settle(checkKind(asObject(merge(before, patch) as JsonMap), resource), info, resource);
}

/** The objects of a deletecollection. */
export function selectedObjects(
  request: ApiRequest,
  store: ObjectStore,
  resource: Resource,
  namespace: string,
): readonly KubernetesObject[] {
  return store.list(resource, namespace).filter(readSelector(request.query, resource));
}

/** `dryRun=All`; anything else there is refused. */
export function isDryRun(query: URLSearchParams): boolean {
  const values = query.getAll('dryRun').filter((value) => value !== '');
  if (values.some((value) => value !== 'All'))
    throw badRequest(`Invalid value: ${JSON.stringify(values)}: dryRun`);
  return values.length > 0;
}

function checkKind(object: KubernetesObject, resource: Resource): KubernetesObject {
  if (object.kind !== resource.kind || object.apiVersion !== apiVersionOf(resource)) {
    throw badRequest(
      `${object.kind} in version ${JSON.stringify(object.apiVersion)} cannot be handled as a ${resource.kind}: no kind ${JSON.stringify(object.kind)} is registered for version ${JSON.stringify(object.apiVersion)}`,
    );
  }
  return object;
}

function settle(object: KubernetesObject, info: ResourceRequest, resource: Resource): KubernetesObject {
  const { name, namespace } = object.metadata;
  if (name !== info.name) {
    throw badRequest(
      `the name of the object (${String(name)}) does not match the name on the URL (${info.name})`,
    );
  }
  if (resource.namespaced && (namespace ?? info.namespace) !== info.namespace) {
    throw badRequest('the namespace of the object does not match the namespace on the URL');
  }
  return resource.namespaced
    ? { ...object, metadata: { ...object.metadata, namespace: info.namespace } }
    : object;
}

function checkPod(pod: KubernetesObject, name: string): void {
  const containers = listAt(pod, 'spec', 'containers');
  if (containers.length === 0) throw invalid('Pod', name, 'spec.containers', 'Required value');
  containers.forEach((container, index) => {
    if (!name63.test(textAt(container, 'name'))) {
      throw invalid('Pod', name, `spec.containers[${index}].name`, 'Required value');
    }
    if (textAt(container, 'image') === '') {
      throw invalid('Pod', name, `spec.containers[${index}].image`, 'Required value');
    }
  });
}

/** RFC 7396. Its own keys alone: `__proto__` is a name like another. */
function merge(target: Json | undefined, patch: Json): Json {
  if (!isMap(patch)) return patch;
  const merged = new Map(Object.entries(isMap(target) ? target : {}));
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) merged.delete(key);
    else merged.set(key, merge(merged.get(key), value));
  }
  return Object.fromEntries(merged);
}

/** As the API server makes names: no vowels, so that no words come out. */
export function fiveLetters(): string {
  const letters = 'bcdfghjklmnpqrstvwxz2456789';
  return [...randomBytes(5)].map((byte) => letters[byte % letters.length]).join('');
}
