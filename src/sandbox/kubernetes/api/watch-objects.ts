import type { ServerResponse } from 'node:http';
import type { ApiRequest } from './api-request.ts';
import type { KubernetesObject } from './json.ts';
import { readSelector } from './list-objects.ts';
import type { Change, ObjectStore } from './object-store.ts';
import { isTrue } from './request-info.ts';
import { apiVersionOf, type Resource } from './resource.ts';
import { ApiFailure, badRequest, statusOf } from './status.ts';
import { formOf, tableOf } from './table.ts';

export interface WatchParts {
  readonly store: ObjectStore;
  readonly resource: Resource;
  readonly namespace: string;
  now(): number;
  /** Aborted when the API ends. */
  readonly ended: AbortSignal;
}

/** What a client may leave unread before it is cut off. */
const mostUnread = 16 * 1024 * 1024;

/** Changes, one JSON object a line, until the client goes, its timeout passes or the API ends. */
export function watchObjects(request: ApiRequest, response: ServerResponse, parts: WatchParts): void {
  const { store, resource, namespace, ended } = parts;
  const { query } = request;
  const selector = readSelector(query, resource);
  const isMine = (object: KubernetesObject) =>
    (namespace === '' || object.metadata.namespace === namespace) && selector(object);
  const seconds = Number(query.get('timeoutSeconds') ?? '0');
  const from = readVersion(query.get('resourceVersion'));
  const initial = from === 0 || isTrue(query.get('sendInitialEvents'));
  const table = formOf(request.accept) === 'table';
  response.writeHead(200, { 'content-type': 'application/json' });
  response.flushHeaders();
  const say = (type: string, object: KubernetesObject) => {
    response.write(`${JSON.stringify({ type, object })}\n`);
    if (response.writableLength > mostUnread) response.destroy();
  };
  const tell = (type: Change['type'], object: KubernetesObject) => {
    if (!table) return say(type, object);
    const metadata = { resourceVersion: object.metadata.resourceVersion ?? '' };
    const wish = { resource, includeObject: query.get('includeObject'), now: parts.now() };
    say(type, tableOf([object], metadata, wish));
  };
  const pass = (change: Change) => {
    if (change.resource !== resource) return;
    const is = isMine(change.object);
    const was = change.before !== undefined && isMine(change.before);
    if (change.type === 'DELETED') {
      if (was) tell('DELETED', change.object);
    } else if (is) tell(was ? 'MODIFIED' : 'ADDED', change.object);
    else if (was) tell('DELETED', change.object);
  };
  if (initial) {
    for (const object of store.list(resource, namespace).filter(selector)) tell('ADDED', object);
    if (isTrue(query.get('sendInitialEvents')) && !table)
      say('BOOKMARK', endOfInitial(resource, store.version));
  } else {
    const missed = store.since(from);
    if (missed === undefined) {
      say(
        'ERROR',
        statusOf(new ApiFailure(410, 'Expired', `too old resource version: ${from} (${store.version})`)),
      );
      response.end();
      return;
    }
    for (const change of missed) pass(change);
  }
  const subscription = store.subscribe(pass);
  const finish = () => response.end();
  const timer = seconds > 0 ? setTimeout(finish, Math.min(seconds * 1_000, 2 ** 31 - 1)) : undefined;
  ended.addEventListener('abort', finish);
  response.on('close', () => {
    subscription[Symbol.dispose]();
    clearTimeout(timer);
    ended.removeEventListener('abort', finish);
  });
}

function readVersion(text: string | null): number {
  if (text === null || text === '') return 0;
  if (!/^\d{1,15}$/.test(text)) throw badRequest(`Invalid value: ${JSON.stringify(text)}: resourceVersion`);
  return Number(text);
}

const endOfInitial = (resource: Resource, version: number): KubernetesObject => ({
  kind: resource.kind,
  apiVersion: apiVersionOf(resource),
  metadata: {
    resourceVersion: String(version),
    annotations: { 'k8s.io/initial-events-end': 'true' },
  },
});
