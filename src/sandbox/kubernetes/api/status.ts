import type { Json, KubernetesObject } from './json.ts';

/** A refusal as kube-apiserver words it: HTTP status, machine-readable reason, message for the person. */
export class ApiFailure extends Error {
  readonly code: number;
  readonly reason: string;
  readonly details: Readonly<Record<string, Json>>;

  constructor(code: number, reason: string, message: string, details: Readonly<Record<string, Json>> = {}) {
    super(message);
    this.code = code;
    this.reason = reason;
    this.details = details;
  }
}

/** The body of a refusal. */
export function statusOf(failure: ApiFailure): KubernetesObject {
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: failure.message,
    reason: failure.reason,
    ...(Object.keys(failure.details).length === 0 ? {} : { details: failure.details }),
    code: failure.code,
  };
}

/** A request whose token is no good: all that kube-apiserver tells of it. */
export const unauthorized = () => new ApiFailure(401, 'Unauthorized', 'Unauthorized');

/** No such path. */
export const noSuchPage = () =>
  new ApiFailure(404, 'NotFound', 'the server could not find the requested resource');

export const notFound = (group: string, resource: string, name: string) =>
  new ApiFailure(404, 'NotFound', `${qualified(resource, group)} "${name}" not found`, {
    name,
    ...(group === '' ? {} : { group }),
    kind: resource,
  });

export const alreadyExists = (group: string, resource: string, name: string) =>
  new ApiFailure(409, 'AlreadyExists', `${qualified(resource, group)} "${name}" already exists`, {
    name,
    ...(group === '' ? {} : { group }),
    kind: resource,
  });

export const conflict = (group: string, resource: string, name: string, why: string) =>
  new ApiFailure(
    409,
    'Conflict',
    `Operation cannot be fulfilled on ${qualified(resource, group)} "${name}": ${why}`,
    { name, ...(group === '' ? {} : { group }), kind: resource },
  );

export const badRequest = (message: string) => new ApiFailure(400, 'BadRequest', message);

export const invalid = (kind: string, name: string, field: string, why: string) =>
  new ApiFailure(422, 'Invalid', `${kind} "${name}" is invalid: ${field}: ${why}`, {
    name,
    kind,
    causes: [{ reason: 'FieldValueInvalid', message: why, field }],
  });

export const methodNotAllowed = () =>
  new ApiFailure(405, 'MethodNotAllowed', 'the server does not allow this method on the requested resource');

export const unsupportedMediaType = (accepted: string) =>
  new ApiFailure(
    415,
    'UnsupportedMediaType',
    `the body of the request was in an unknown format - accepted media types include: ${accepted}`,
  );

/** `deployments.apps`; the core group goes unsaid. */
export const qualified = (resource: string, group: string): string =>
  group === '' ? resource : `${resource}.${group}`;
