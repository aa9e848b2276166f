import * as v from 'valibot';
import { asJsonObject, parseJsonObject } from '../lib/json-object.ts';
import type { PlanResource } from './plan-document.ts';
import { blocksOf } from './plan-resources.ts';

/**
 * The module's output `review`: a group has no id before it is made, so a first plan can't show the policies that name it.
 * They are here, filled by the same expression with ids that stand in.
 */
export interface Review {
  /** Display name → id that stands in, or the real one. */
  readonly groupIds: ReadonlyMap<string, string>;
  /** Address within the access account's module and the argument (`aws_x.y["z"].policy`) → what it will be. */
  readonly documents: ReadonlyMap<string, string>;
}

const texts = v.record(v.string(), v.string());
const reviewSchema = v.object({ group_ids: v.optional(texts, {}), documents: v.optional(texts, {}) });

/** What is no review says nothing, and what it would have said stays unknown. */
export function readReview(output: unknown): Review {
  const nothing: Review = { groupIds: new Map(), documents: new Map() };
  if (typeof output !== 'string') return nothing;
  let value: unknown;
  try {
    value = JSON.parse(output);
  } catch {
    return nothing;
  }
  const read = v.safeParse(reviewSchema, value);
  if (!read.success) return nothing;
  const { group_ids: groupIds, documents } = read.output;
  return { groupIds: new Map(Object.entries(groupIds)), documents: new Map(Object.entries(documents)) };
}

/**
 * The resource with what the review says of arguments that are not known, and with ids that are known in place of those that
 * stand in. An argument that is known stays what it is.
 */
export function filledIn(
  resource: PlanResource,
  { documents, groupIds }: Review,
  knownIds: ReadonlyMap<string, string>,
  filled: Set<string>,
): PlanResource {
  const own = resource.module === '' ? resource.address : resource.address.slice(resource.module.length + 1);
  const values: Record<string, unknown> = { ...resource.values };
  for (const argument of ['inline_policy', 'policy', 'content', 'definition']) {
    const document = documents.get(`${own}.${argument}`);
    if (document === undefined || typeof values[argument] === 'string') continue;
    let text = document;
    for (const [name, standIn] of groupIds) text = text.replaceAll(standIn, knownIds.get(name) ?? standIn);
    values[argument] = text;
    filled.add(resource.address);
  }
  const environment = parseJsonObject(documents.get(`${own}.environment`) ?? '');
  if (
    environment !== undefined &&
    asJsonObject(blocksOf(values, 'environment')[0]?.variables) === undefined
  ) {
    values.environment = [{ variables: environment }];
    filled.add(resource.address);
  }
  return { ...resource, values };
}
