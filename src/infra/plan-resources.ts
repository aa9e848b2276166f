import type { PlanDocument, PlanResource } from './plan-document.ts';

/** The resources of a plan, and which of them belongs to which, also where AWS will only afterwards say under which id. */
export interface PlanResources {
  ofType(type: string): readonly PlanResource[];
  /** The resource of `types` that an attribute names; undefined where the plan doesn't say. */
  target(from: PlanResource, attribute: string, types: readonly string[]): PlanResource | undefined;
}

export function indexResources({ resources, references }: PlanDocument): PlanResources {
  const byType = new Map<string, PlanResource[]>();
  for (const resource of resources) {
    const same = byType.get(resource.type);
    if (same) same.push(resource);
    else byType.set(resource.type, [resource]);
  }
  const ofType = (type: string) => byType.get(type) ?? [];
  return {
    ofType,
    target(from, attribute, types) {
      const value = from.values[attribute];
      const all = types.flatMap(ofType);
      if (typeof value === 'string') return all.find((resource) => isCalled(resource, value, from));
      const names = references(from.module, from.type, from.name, attribute);
      const near = all.filter(
        ({ module, type, name }) =>
          module === from.module &&
          names.some((entry) => entry === `${type}.${name}` || entry.startsWith(`${type}.${name}[`)),
      );
      if (near.length === 0 && names.includes('each.value')) {
        // `for_each = aws_x.y`: the one of that module with the same key, where there is only one.
        const [only, ...others] = all.filter(
          ({ module, index }) => module === from.module && index !== undefined && index === from.index,
        );
        return others.length === 0 ? only : undefined;
      }
      if (near.length <= 1) return near[0];
      // `aws_x.y[each.key]`, or one that is named in the text itself: `aws_x.y["z"].id`.
      const written = near.filter(({ type, name, index }) =>
        names.some((entry) => entry.startsWith(`${type}.${name}[${JSON.stringify(index)}]`)),
      );
      if (written.length === 1) return written[0];
      return near.find(({ index }) => index !== undefined && index === from.index);
    },
  };
}

/** By ARN or id, which are one of a kind; by name only within one module: two accounts may use the same. */
function isCalled({ values, module }: PlanResource, value: string, from: PlanResource): boolean {
  if (values.arn === value || values.group_id === value) return true;
  if (module !== from.module) return false;
  return values.id === value || values.name === value || values.bucket === value;
}

export const textOf = ({ values }: PlanResource, attribute: string): string | undefined => {
  const value = values[attribute];
  return typeof value === 'string' ? value : undefined;
};

/** Nested blocks, which Terraform prints as lists of objects. */
export function blocksOf(
  values: Readonly<Record<string, unknown>>,
  attribute: string,
): readonly Readonly<Record<string, unknown>>[] {
  const value = values[attribute];
  const list = Array.isArray(value) ? value : [value];
  return list.filter((entry) => typeof entry === 'object' && entry !== null);
}
