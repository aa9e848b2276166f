import { AwsFailure } from '../aws-failure.ts';
import { members } from '../constraints.ts';
import { page } from '../paging.ts';
import type { QueryRequest } from '../query-service.ts';

/** What all Describe calls of RDS share: permission, filters, pages. Source: RDS API Reference. */
export interface Filter {
  readonly name: string;
  readonly values: readonly string[];
}

export function requirePermission(request: QueryRequest, action: string, kind: string, id: string): void {
  const { world, caller, region } = request;
  const resource = `arn:aws:rds:${region}:${caller.principal.account}:${kind}:${id}`;
  const decision = world.authorize(caller, action, resource, { 'aws:RequestedRegion': region });
  if (decision.allowed) return;
  throw new AwsFailure(
    'AccessDenied',
    403,
    `User: ${caller.principal.arn} is not authorized to perform: ${action} on resource: ${resource} ${decision.because}`,
  );
}

export function readFilters(
  parameters: ReadonlyMap<string, string>,
  known: readonly string[],
): readonly Filter[] {
  const filters: Filter[] = [];
  for (let index = 1; parameters.has(`Filters.Filter.${index}.Name`); index++) {
    const name = parameters.get(`Filters.Filter.${index}.Name`) ?? '';
    if (!known.includes(name)) {
      throw new AwsFailure('InvalidParameterValue', 400, `Unrecognized filter name: ${name}`);
    }
    const values = members(parameters, `Filters.Filter.${index}.Values.Value`);
    if (values.length === 0) {
      throw new AwsFailure('InvalidParameterCombination', 400, `Filter ${name} has no values`);
    }
    filters.push({ name, values });
  }
  return filters;
}

/** MaxRecords and Marker. */
export function pageOf<T>(
  all: readonly T[],
  listing: string,
  parameters: ReadonlyMap<string, string>,
): { readonly items: readonly T[]; readonly next: string | undefined } {
  const wanted = parameters.get('MaxRecords');
  const size = wanted === undefined ? 100 : Number(wanted);
  if (!Number.isInteger(size) || size < 20 || size > 100) {
    throw new AwsFailure(
      'InvalidParameterValue',
      400,
      `Invalid value ${wanted} for MaxRecords. Must be between 20 and 100`,
    );
  }
  const found = page(all, listing, parameters.get('Marker'), size);
  if (!found) throw new AwsFailure('InvalidParameterValue', 400, 'The parameter Marker is invalid.');
  return found;
}

/** The identifier in an argument that may be an ARN; RDS keeps identifiers in lower case. */
export function identifierFrom(text: string, kind: 'cluster' | 'db'): string {
  const [, fromArn] = new RegExp(`^arn:aws:rds:[^:]*:\\d{12}:${kind}:(.+)$`).exec(text) ?? [];
  return (fromArn ?? text).toLowerCase();
}
