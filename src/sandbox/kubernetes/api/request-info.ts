/** What a request is about, as kube-apiserver reads it off method, path and query for authorisation and dispatch. */
export type RequestInfo = ResourceRequest | PathRequest;

export interface ResourceRequest {
  readonly type: 'resource';
  /** get, list, watch, create, update, patch, delete, deletecollection */
  readonly verb: string;
  readonly group: string;
  readonly version: string;
  /** Empty: of no namespace, or of all of them. */
  readonly namespace: string;
  readonly resource: string;
  readonly name: string;
  readonly subresource: string;
}

/** Everything that is not an object: /version, /api, /healthz. */
export interface PathRequest {
  readonly type: 'path';
  /** The method in small letters. */
  readonly verb: string;
  readonly path: string;
}

const verbs: Readonly<Record<string, string>> = {
  GET: 'get',
  HEAD: 'get',
  POST: 'create',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
};

/** Never throws. A path that can't be percent-decoded is taken as it is, and will be found nowhere. */
export function readRequestInfo(method: string, path: string, query: URLSearchParams): RequestInfo {
  const parts = path
    .split('/')
    .filter((part) => part !== '')
    .map(decode);
  const [root, first = '', second = ''] = parts;
  const isCore = root === 'api' && parts.length >= 3;
  const isGroup = root === 'apis' && parts.length >= 4;
  if (!isCore && !isGroup) return { type: 'path', verb: method.toLowerCase(), path };
  const [group, version, rest] = isCore ? ['', first, parts.slice(2)] : [first, second, parts.slice(3)];
  // namespaces/<name> itself is an object; below it are the objects of that namespace.
  const inside =
    rest[0] === 'namespaces' && rest.length >= 3 && !['status', 'finalize'].includes(rest[2] ?? '');
  const [resource = '', name = '', ...subresource] = inside ? rest.slice(2) : rest;
  const namespace = inside || resource === 'namespaces' ? (rest[1] ?? '') : '';
  return {
    type: 'resource',
    verb: verbOf(method, name, query),
    group,
    version,
    namespace,
    resource,
    name,
    subresource: subresource.join('/'),
  };
}

function verbOf(method: string, name: string, query: URLSearchParams): string {
  const verb = verbs[method] ?? method.toLowerCase();
  if (verb === 'delete' && name === '') return 'deletecollection';
  if (verb !== 'get' || name !== '') return verb;
  return isTrue(query.get('watch')) ? 'watch' : 'list';
}

/** As Go reads a query's flag. */
export function isTrue(value: string | null): boolean {
  return value !== null && !['', '0', 'f', 'F', 'false', 'False', 'FALSE'].includes(value);
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
