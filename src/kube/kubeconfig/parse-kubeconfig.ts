import {
  type Document,
  isAlias,
  isCollection,
  isMap,
  isPair,
  isScalar,
  isSeq,
  type Node,
  parseDocument,
  type YAMLMap,
} from 'yaml';
import { ForgeError } from '../../errors.ts';
import { asJsonObject, type JsonObject } from '../../lib/json-object.ts';

/** The three lists of a kubeconfig, and the key that holds an entry's value. */
export const entryKeys = { clusters: 'cluster', users: 'user', contexts: 'context' } as const;
export type KubeList = keyof typeof entryKeys;

/** A kubeconfig, as text, as nodes with their places in it, and as what kubectl reads out of it. */
export interface Kubeconfig {
  readonly path: string;
  readonly text: string;
  readonly document: Document.Parsed;
  /** Undefined: there is nothing in it but, perhaps, comments. */
  readonly root: YAMLMap | undefined;
  readonly data: JsonObject;
}

/** An entry of one of the lists. */
export interface NamedValue {
  readonly name: string;
  /** What stands under `cluster`, `user` or `context`. */
  readonly value: JsonObject;
}

/** Far more than any; what is larger is not a kubeconfig. */
export const largestKubeconfig = 16 * 1024 * 1024;
/** A bomb of aliases multiplies; an authority that every cluster shares does not. */
const mostAliases = 20_000;

/**
 * Throws failed KUBECONFIG_INVALID, with line and column, for what is no YAML, has a key or a name twice, several
 * documents, or another shape than a kubeconfig's. What it holds beside the three lists is not looked at.
 */
export function parseKubeconfig(path: string, text: string): Kubeconfig {
  const fail = (offset: number, message: string) => invalid(path, text, offset, message);
  let document: Document.Parsed;
  let data: unknown;
  try {
    document = parseDocument(text, {
      // Looked for below: yaml compares each key with all before it, which is quadratic.
      uniqueKeys: false,
      merge: true,
      prettyErrors: false,
      logLevel: 'error',
    });
    const [error] = document.errors;
    if (error !== undefined) {
      const own = (error.message.split('\n')[0] ?? '').replace(/[.:]*$/, '');
      const several = error.code === 'MULTIPLE_DOCS';
      throw fail(error.pos[0], several ? 'a second document begins here' : `this is not YAML: ${own}`);
    }
    refuseAmbiguity(document.contents, new Set(), fail);
    data = document.toJS({ maxAliasCount: mostAliases });
  } catch (error) {
    if (error instanceof RangeError) throw fail(0, 'it is nested too deeply');
    if (error instanceof ReferenceError) throw fail(0, 'its aliases stand for too much');
    throw error;
  }
  const { contents } = document;
  if (contents === null || (isScalar(contents) && contents.source === '')) {
    return { path, text, document, root: undefined, data: {} };
  }
  const object = asJsonObject(data);
  if (!isMap(contents) || object === undefined) throw fail(startOf(contents), 'this is not a mapping');
  if (object.kind !== undefined && object.kind !== null && object.kind !== 'Config') {
    throw fail(startOf(contents), `this is of kind ${JSON.stringify(object.kind)}, not a kubeconfig`);
  }
  const file = { path, text, document, root: contents as YAMLMap, data: object };
  for (const list of ['clusters', 'users', 'contexts'] as const) checkList(file, list, fail);
  return file;
}

/** The entries of a list, in order; those without a name are kubectl's to judge. */
export function namedValues({ data }: Pick<Kubeconfig, 'data'>, list: KubeList): readonly NamedValue[] {
  const items = data[list];
  if (!Array.isArray(items)) return [];
  return items.flatMap((item: unknown) => {
    const entry = asJsonObject(item);
    if (typeof entry?.name !== 'string') return [];
    return [{ name: entry.name, value: asJsonObject(entry[entryKeys[list]]) ?? {} }];
  });
}

export function currentContext({ data }: Pick<Kubeconfig, 'data'>): string | undefined {
  const current = data['current-context'];
  return typeof current === 'string' && current !== '' ? current : undefined;
}

export function invalid(path: string, text: string, offset: number, message: string): ForgeError {
  const before = text.slice(text.startsWith('\ufeff') ? 1 : 0, offset).split('\n');
  const place = `${path}:${before.length}:${(before.at(-1)?.length ?? 0) + 1}`;
  return new ForgeError('failed', `${place}: ${message}.`, {
    code: 'KUBECONFIG_INVALID',
    hint: 'Nothing was changed. Correct the file, or name another: KUBECONFIG=<file>',
  });
}

type Fail = (offset: number, message: string) => ForgeError;

function checkList({ root, data }: Kubeconfig, list: KubeList, fail: Fail): void {
  const items = data[list];
  if (items === undefined || items === null) return;
  const node = root?.get(list, true) as unknown as Node | undefined;
  if (!Array.isArray(items)) throw fail(startOf(node), `"${list}" is not a list`);
  const names = new Set<unknown>();
  for (const [index, item] of items.entries()) {
    const place = isSeq(node) ? startOf(node.items[index] as Node | undefined) : startOf(node);
    const entry = asJsonObject(item);
    if (entry === undefined) throw fail(place, `an entry of "${list}" is not a mapping`);
    if (entry.name === undefined) continue;
    if (names.has(entry.name)) {
      throw fail(place, `"${list}" has ${JSON.stringify(entry.name)} twice`);
    }
    names.add(entry.name);
  }
}

/** Of two keys with the same name each reader takes another one; an alias must have been said before. */
function refuseAmbiguity(node: unknown, anchors: Set<string>, fail: Fail): void {
  if (isAlias(node)) {
    if (!anchors.has(node.source)) throw fail(startOf(node), `nothing is called &${node.source} above`);
    return;
  }
  const { anchor } = (node ?? {}) as { readonly anchor?: string };
  if (anchor !== undefined) anchors.add(anchor);
  if (!isCollection(node)) return;
  const keys = new Set<unknown>();
  for (const item of node.items) {
    if (!isPair(item)) {
      refuseAmbiguity(item, anchors, fail);
      continue;
    }
    refuseAmbiguity(item.key, anchors, fail);
    if (isScalar(item.key) && item.key.value !== '<<') {
      const { value } = item.key;
      if (keys.has(value)) throw fail(startOf(item.key), `the key ${JSON.stringify(value)} is there twice`);
      keys.add(value);
    }
    refuseAmbiguity(item.value, anchors, fail);
  }
}

function startOf(node: Node | null | undefined): number {
  return node?.range?.[0] ?? 0;
}
