import { AwsFailure } from '../aws/aws-failure.ts';
import type { JsonFields } from '../aws/json-body.ts';
import type { JsonRequest } from '../aws/json-service.ts';
import { page } from '../aws/paging.ts';
import type { Instance } from '../organisation.ts';

/** What the operations of SSM share: typed fields, permissions, pages, targets. Source: Systems Manager API Reference. */
export function textField(fields: JsonFields, name: string): string | undefined {
  const value = fields[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string') throw serialization(`${name} must be a string`);
  return value;
}

export function requiredText(fields: JsonFields, name: string, max: number): string {
  const value = textField(fields, name);
  const where = `${(name[0] ?? '').toLowerCase()}${name.slice(1)}`;
  if (value === undefined) {
    throw invalid(`Value null at '${where}' failed to satisfy constraint: Member must not be null`);
  }
  checkLength(name, value, 1, max);
  return value;
}

export function checkLength(name: string, value: string | undefined, min: number, max: number): void {
  if (value === undefined) return;
  const where = `${(name[0] ?? '').toLowerCase()}${name.slice(1)}`;
  const length = [...value].length;
  const constraint =
    length > max
      ? `Member must have length less than or equal to ${max}`
      : length < min
        ? `Member must have length greater than or equal to ${min}`
        : undefined;
  if (constraint !== undefined) {
    throw invalid(`Value '${value}' at '${where}' failed to satisfy constraint: ${constraint}`);
  }
}

/** A map of names to lists of texts: Parameters. */
export function parametersField(fields: JsonFields, name: string): ReadonlyMap<string, readonly string[]> {
  const value = fields[name];
  if (value === undefined || value === null) return new Map();
  if (typeof value !== 'object' || Array.isArray(value)) throw serialization(`${name} must be a map`);
  return new Map(
    Object.entries(value).map(([key, list]) => [key, textList({ [key]: list as unknown }, key) ?? []]),
  );
}

export function textList(fields: JsonFields, name: string): readonly string[] | undefined {
  const value = fields[name];
  if (value === undefined || value === null) return undefined;
  if (!Array.isArray(value) || value.some((entry) => typeof entry !== 'string')) {
    throw serialization(`${name} must be a list of strings`);
  }
  return value as readonly string[];
}

/** A list of structures. */
export function structures(fields: JsonFields, name: string): readonly JsonFields[] {
  const value = fields[name];
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value) || value.some((entry) => typeof entry !== 'object' || entry === null)) {
    throw serialization(`${name} must be a list of structures`);
  }
  return value as readonly JsonFields[];
}

export function integerField(
  fields: JsonFields,
  name: string,
  range: { readonly min: number; readonly max: number; readonly default: number },
): number {
  const value = fields[name];
  if (value === undefined || value === null) return range.default;
  if (typeof value !== 'number' || !Number.isInteger(value))
    throw serialization(`${name} must be an integer`);
  const where = `${(name[0] ?? '').toLowerCase()}${name.slice(1)}`;
  if (value > range.max) {
    throw invalid(
      `Value '${value}' at '${where}' failed to satisfy constraint: Member must have value less than or equal to ${range.max}`,
    );
  }
  if (value < range.min) {
    throw invalid(
      `Value '${value}' at '${where}' failed to satisfy constraint: Member must have value greater than or equal to ${range.min}`,
    );
  }
  return value;
}

export function pageOf<T>(request: JsonRequest, all: readonly T[], listing: string, size: number) {
  const scope = `${listing}:${request.caller.principal.account}:${request.region}`;
  const found = page(all, scope, textField(request.fields, 'NextToken'), size);
  if (found === undefined) throw new AwsFailure('InvalidNextToken', 400, 'The specified token is not valid.');
  return found;
}

export function requirePermission(
  request: JsonRequest,
  action: string,
  resource: string,
  context: Readonly<Record<string, string>> = {},
): void {
  const { world, caller, region } = request;
  const decision = world.authorize(caller, action, resource, { 'aws:RequestedRegion': region, ...context });
  if (decision.allowed) return;
  throw new AwsFailure(
    'AccessDeniedException',
    400,
    `User: ${caller.principal.arn} is not authorized to perform: ${action} on resource: ${resource} ${decision.because}`,
  );
}

/** The condition keys that an instance's tags are. */
export function tagContext(instance: Instance): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(instance.tags).flatMap(([key, value]) => [
      [`ssm:resourceTag/${key}`, value],
      [`aws:ResourceTag/${key}`, value],
    ]),
  );
}

/** The instances of the caller's account and region. */
export function ownInstances({ world, caller, region }: JsonRequest): readonly Instance[] {
  return world.organisation.instances.filter(
    (instance) => instance.account === caller.principal.account && instance.region === region,
  );
}

export function invalid(violation: string): AwsFailure {
  return new AwsFailure('ValidationException', 400, `1 validation error detected: ${violation}`);
}

export function serialization(message: string): AwsFailure {
  return new AwsFailure('SerializationException', 400, message);
}
