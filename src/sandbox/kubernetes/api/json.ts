/** What is in JSON, read defensively: clients may store whatever they like under a known kind. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
export type JsonMap = { readonly [key: string]: Json };

export interface KubernetesObject extends JsonMap {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: JsonMap;
}

export const isMap = (value: Json | undefined): value is JsonMap =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The value at a path of keys; undefined where the path ends early. */
export function at(value: Json | undefined, ...path: readonly string[]): Json | undefined {
  let found = value;
  for (const key of path) {
    if (!isMap(found) || !Object.hasOwn(found, key)) return undefined;
    found = found[key];
  }
  return found;
}

export function textAt(value: Json | undefined, ...path: readonly string[]): string {
  const found = at(value, ...path);
  return typeof found === 'string' ? found : '';
}

export function numberAt(value: Json | undefined, ...path: readonly string[]): number {
  const found = at(value, ...path);
  return typeof found === 'number' ? found : 0;
}

export function listAt(value: Json | undefined, ...path: readonly string[]): readonly Json[] {
  const found = at(value, ...path);
  return Array.isArray(found) ? found : [];
}

export function mapAt(value: Json | undefined, ...path: readonly string[]): JsonMap {
  const found = at(value, ...path);
  return isMap(found) ? found : {};
}

/** String values of a map, what else is in it left out: labels, say. */
export function textsAt(value: Json | undefined, ...path: readonly string[]): ReadonlyMap<string, string> {
  const texts = Object.entries(mapAt(value, ...path)).flatMap(([key, entry]) =>
    typeof entry === 'string' ? [[key, entry] as const] : [],
  );
  return new Map(texts);
}

/** Undefined: not JSON, or no object. */
export function parseMap(text: string): JsonMap | undefined {
  try {
    const value = JSON.parse(text) as Json;
    return isMap(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
