import { isDeepStrictEqual } from 'node:util';
import { isMap, isSeq, type YAMLMap, type YAMLSeq } from 'yaml';
import { ForgeError } from '../../errors.ts';
import type { JsonObject } from '../../lib/json-object.ts';
import { entryKeys, invalid, type Kubeconfig, type KubeList, parseKubeconfig } from './parse-kubeconfig.ts';
import { Unspliceable, YamlSplicer } from './yaml-splicer.ts';
import { isObject } from './yaml-text.ts';

export type KubeEdit =
  /** Adds the entry, or sets the keys that `value` names in the one that is there. */
  | { readonly kind: 'set'; readonly list: KubeList; readonly name: string; readonly value: JsonObject }
  | { readonly kind: 'remove'; readonly list: KubeList; readonly name: string }
  /** '' for none. */
  | { readonly kind: 'current'; readonly name: string };

/**
 * The text with the edits in it, and every other character as it was; the same text when they change nothing. What
 * was made is read again, and must say what was meant: else nothing is answered. Pure.
 * Throws failed KUBECONFIG_UNFIT where an edit would change something else, too (a shared anchor).
 */
export function editKubeconfig(file: Kubeconfig, edits: readonly KubeEdit[]): string {
  const result = edited(file.data, edits);
  if (isDeepStrictEqual(result, file.data)) return file.text;
  const expected = isBlank(file) ? inKubectlsOrder(result) : result;
  const text = spliced(file, edits, expected);
  if (!isDeepStrictEqual(dataOf(file.path, text), expected)) throw unfit(file, 0);
  return text;
}

function spliced(file: Kubeconfig, edits: readonly KubeEdit[], expected: JsonObject): string {
  const splicer = new YamlSplicer(file);
  try {
    if (file.root === undefined) splicer.begin(expected);
    else if (isBlank(file)) splicer.fill(file.root, expected);
    else splice(splicer, file, file.root, edits);
    return splicer.apply();
  } catch (error) {
    if (error instanceof Unspliceable) throw unfit(file, error.offset);
    throw error;
  }
}

function splice(splicer: YamlSplicer, { data }: Kubeconfig, root: YAMLMap, edits: readonly KubeEdit[]): void {
  const added = new Map<KubeList, JsonObject[]>();
  const removed = new Map<KubeList, number[]>();
  for (const edit of edits) {
    if (edit.kind === 'current') {
      splicer.set(root, 'current-context', edit.name);
      continue;
    }
    const { list, name } = edit;
    const node: unknown = root.get(list);
    const index = positionOf(data, list, name);
    if (edit.kind === 'set' && index < 0) {
      added.set(list, [...(added.get(list) ?? []), newEntry(list, name, edit.value)]);
      continue;
    }
    if (index < 0) continue;
    if (!isSeq(node)) throw new Unspliceable(0);
    if (edit.kind === 'remove') {
      removed.set(list, [...(removed.get(list) ?? []), index]);
      continue;
    }
    const item = node.items[index];
    if (!isMap(item)) throw new Unspliceable(node.range?.[0] ?? 0);
    const before = (data[list] as readonly JsonObject[])[index]?.[entryKeys[list]];
    splicer.set(item as YAMLMap, entryKeys[list], merged(before, edit.value));
  }
  for (const [list, items] of added) splicer.append(root, list, items);
  for (const [list, indexes] of removed) {
    splicer.removeItems(
      root.get(list) as YAMLSeq,
      indexes.toSorted((a, b) => a - b),
    );
    if (indexes.length === (data[list] as readonly unknown[]).length) splicer.markEmpty(root, list);
  }
}

/** Nothing is said in it: neither a key nor how the keys would be written. */
function isBlank({ root }: Kubeconfig): boolean {
  return root === undefined || root.items.length === 0;
}

/** What the edits mean, whatever the text looks like. */
function edited(data: JsonObject, edits: readonly KubeEdit[]): JsonObject {
  const result: Record<string, unknown> = { ...data };
  for (const edit of edits) {
    if (edit.kind === 'current') {
      result['current-context'] = edit.name;
      continue;
    }
    const { list, name } = edit;
    const index = positionOf(result, list, name);
    const items = Array.isArray(result[list]) ? [...(result[list] as readonly JsonObject[])] : [];
    if (edit.kind === 'remove') {
      if (index >= 0) result[list] = items.toSpliced(index, 1);
      continue;
    }
    const key = entryKeys[list];
    const old = items[index];
    if (old === undefined) items.push(newEntry(list, name, edit.value));
    else items[index] = { ...old, [key]: merged(old[key], edit.value) };
    result[list] = items;
  }
  return result;
}

function positionOf(data: JsonObject, list: KubeList, name: string): number {
  const items = data[list];
  return Array.isArray(items) ? items.findIndex((item: JsonObject) => item.name === name) : -1;
}

/** Keys in kubectl's order, which is the alphabet's. */
function newEntry(list: KubeList, name: string, value: JsonObject): JsonObject {
  return list === 'users' ? { name, user: value } : { [entryKeys[list]]: value, name };
}

function inKubectlsOrder(data: JsonObject): JsonObject {
  const { clusters, contexts, users } = data;
  return {
    apiVersion: 'v1',
    clusters: clusters ?? [],
    contexts: contexts ?? [],
    'current-context': data['current-context'] ?? '',
    kind: 'Config',
    preferences: {},
    users: users ?? [],
  };
}

/** `next` over `old`: keys that it does not name stay. As YamlSplicer.set does it to the text. */
function merged(old: unknown, next: unknown): unknown {
  if (isObject(old) && isObject(next)) {
    const own = Object.entries(next).map(([key, value]) => [key, merged(old[key], value)] as const);
    return { ...old, ...Object.fromEntries(own) };
  }
  if (Array.isArray(old) && Array.isArray(next) && next.length >= old.length) {
    return next.map((value: unknown, index) => merged(old[index], value));
  }
  return next;
}

function dataOf(path: string, text: string): JsonObject | undefined {
  try {
    return parseKubeconfig(path, text).data;
  } catch (error) {
    if (error instanceof ForgeError) return undefined;
    throw error;
  }
}

function unfit({ path, text }: Kubeconfig, offset: number): ForgeError {
  const { message } = invalid(path, text, offset, 'forge can’t change this without changing something else');
  return new ForgeError('failed', message, {
    code: 'KUBECONFIG_UNFIT',
    hint: 'Nothing was changed. Write the aliases (*…) and anchors (&…) of these entries out, or use another file: KUBECONFIG=<file>',
  });
}
