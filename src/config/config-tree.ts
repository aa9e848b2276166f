/** forge.yaml as written: values that know where they stand, so that every later finding can say file, line and column. */
export interface SourceFile {
  /** Absolute. */
  readonly path: string;
  readonly text: string;
}

/** Lines and columns count from 1. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

export type Tree = MapTree | ListTree | ValueTree;

export interface MapTree {
  readonly kind: 'map';
  readonly place: Place;
  readonly entries: ReadonlyMap<string, Entry>;
}

export interface Entry {
  readonly key: Place;
  readonly value: Tree;
}

interface ListTree {
  readonly kind: 'list';
  readonly place: Place;
  readonly items: readonly Tree[];
}

export interface ValueTree {
  readonly kind: 'value';
  readonly place: Place;
  readonly value: string | number | boolean | null;
  /** As written, without quotes: `012` where the value is the number 12. */
  readonly source: string;
  /** Nothing is written but a comment: `key: # …`. What a forgotten pair of quotes around #channel looks like. */
  readonly commented: boolean;
}

/** A finding about the configuration; `message` is one sentence that begins with the key path. */
export interface Problem extends Place {
  /** e.g. `environments.dev.account`; empty for the whole file. */
  readonly path: string;
  readonly message: string;
  readonly hint?: string | undefined;
}

/** `over` changes `under`: mappings merge by key, anything else is replaced. The order of `under` is kept. */
export function mergeTrees(under: Tree, over: Tree): Tree {
  if (under.kind !== 'map') return over;
  // A key with nothing behind it is an empty mapping, which changes nothing.
  if (over.kind === 'value' && over.value === null) return under;
  if (over.kind !== 'map') return over;
  const entries = new Map(under.entries);
  for (const [key, entry] of over.entries) {
    const below = entries.get(key);
    const value = below === undefined ? entry.value : mergeTrees(below.value, entry.value);
    entries.set(key, { key: entry.key, value });
  }
  return { kind: 'map', place: over.place, entries };
}

/** The bare value. Objects have no prototype, so that no key of the file can be mistaken for a built-in. */
export function plainValue(tree: Tree): unknown {
  switch (tree.kind) {
    case 'value':
      return tree.value;
    case 'list':
      return tree.items.map(plainValue);
    case 'map': {
      const object: Record<string, unknown> = Object.create(null);
      for (const [key, entry] of tree.entries) object[key] = plainValue(entry.value);
      return object;
    }
  }
}

/** What stands at a path, or as much of the way as exists. */
export function findEntry(
  root: Tree,
  path: readonly (string | number)[],
): { readonly value: Tree; readonly key: Place; readonly found: boolean } {
  let current: { value: Tree; key: Place } = { value: root, key: root.place };
  for (const step of path) {
    const { value } = current;
    const next =
      value.kind === 'map'
        ? value.entries.get(String(step))
        : value.kind === 'list'
          ? itemAt(value, Number(step))
          : undefined;
    if (next === undefined) return { ...current, found: false };
    current = next;
  }
  return { ...current, found: true };
}

function itemAt(list: ListTree, index: number): Entry | undefined {
  const value = list.items[index];
  return value && { key: value.place, value };
}

/** `environments.dev.role_chain[0]`; keys that hold a dot or anything unusual are quoted. */
export function pathText(path: readonly (string | number)[]): string {
  return path
    .map((step, index) => {
      if (typeof step === 'number') return `[${step}]`;
      const shown = /^[\w-]+$/.test(step) ? step : JSON.stringify(step);
      return index === 0 ? shown : `.${shown}`;
    })
    .join('');
}
