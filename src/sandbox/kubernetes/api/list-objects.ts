import type { ApiRequest } from './api-request.ts';
import type { JsonMap, KubernetesObject } from './json.ts';
import { keyOf, type ObjectStore } from './object-store.ts';
import { apiVersionOf, type Resource } from './resource.ts';
import { parseFieldSelector, parseLabelSelector, type Selector } from './selectors.ts';
import { badRequest } from './status.ts';
import { formOf, tableOf } from './table.ts';

/** labelSelector and fieldSelector of a query. Throws ApiFailure for what is none. */
export function readSelector(query: URLSearchParams, resource: Resource): Selector {
  const byLabel = parseLabelSelector(query.get('labelSelector') ?? '');
  const byField = parseFieldSelector(query.get('fieldSelector') ?? '', resource);
  return (object) => byLabel(object) && byField(object);
}

/** A page of the objects that were asked for, as a list or as a table. */
export function listObjects(
  request: ApiRequest,
  store: ObjectStore,
  resource: Resource,
  namespace: string,
  now: number,
): KubernetesObject {
  const { query } = request;
  const selector = readSelector(query, resource);
  const selected = store.list(resource, namespace).filter(selector);
  const limit = readLimit(query.get('limit'));
  const start = query.get('continue') ? readContinue(query.get('continue') ?? '') : '';
  const rest = start === '' ? selected : selected.filter((object) => keyOf(object) > start);
  const items = limit === 0 ? rest : rest.slice(0, limit);
  const last = items.at(-1);
  const remaining = rest.length - items.length;
  const metadata: JsonMap = {
    resourceVersion: String(store.version),
    ...(remaining > 0 && last !== undefined
      ? { continue: writeContinue(keyOf(last)), remainingItemCount: remaining }
      : {}),
  };
  if (formOf(request.accept) === 'table') {
    return tableOf(items, metadata, { resource, includeObject: query.get('includeObject'), now });
  }
  return { kind: `${resource.kind}List`, apiVersion: apiVersionOf(resource), metadata, items };
}

function readLimit(text: string | null): number {
  if (text === null || text === '') return 0;
  const limit = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(limit)) {
    throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
  }
  return limit;
}

const writeContinue = (key: string) =>
  Buffer.from(JSON.stringify({ v: 'forge', start: key })).toString('base64url');

function readContinue(token: string): string {
  try {
    const { v, start } = JSON.parse(Buffer.from(token, 'base64url').toString()) as Record<string, unknown>;
    if (v === 'forge' && typeof start === 'string') return start;
  } catch {
    // Said below.
  }
  throw badRequest('continue key is not valid: it was not given by this server');
}
