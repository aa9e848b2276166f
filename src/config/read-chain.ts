import { realpath } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { ForgeError } from '../errors.ts';
import type { MapTree, Problem, SourceFile, Tree, ValueTree } from './config-tree.ts';
import type { ConfigHost } from './find-config.ts';
import { isUnreadable, readSource } from './read-source.ts';
import { readYaml } from './read-yaml.ts';

/** A file and what it extends, the most specific first. */
export interface Chain {
  readonly sources: readonly SourceFile[];
  /** One for each source; fewer when there are problems. */
  readonly trees: readonly Tree[];
  readonly problems: readonly Problem[];
}

const longestChain = 8;

/** Follows `extends` from a file. Throws only when that first file can't be read. */
export async function readChain(host: ConfigHost, path: string): Promise<Chain> {
  const sources: SourceFile[] = [];
  const trees: Tree[] = [];
  const problems: Problem[] = [];
  const seen = new Set<string>();
  for (let next: Base | undefined = { path, from: undefined }; next !== undefined; ) {
    const { path: current, from }: Base = next;
    const refuse = (message: string, hint?: string) => {
      if (from === undefined) throw unreadable(current, message, hint);
      problems.push({
        ...from.place,
        path: 'extends',
        message: `extends names ${current}, which ${message}.`,
        hint,
      });
      return { sources, trees, problems };
    };
    if (isAddress(current)) {
      return refuse(
        'is no file',
        'Fetch it yourself (git) and name the copy: what signs you in is not taken from the network.',
      );
    }
    const real = await realpath(current).catch(() => current);
    if (seen.has(real)) return refuse('was read already: the files extend each other in a circle');
    if (seen.size === longestChain)
      return refuse(
        `would be number ${longestChain + 1} in a row: at most ${longestChain} files extend each other`,
      );
    seen.add(real);
    const source = await readSource(host, current);
    if (isUnreadable(source)) return refuse(source.reason, source.hint);
    sources.push(source);
    const reading = readYaml(source);
    problems.push(...reading.problems);
    if (reading.tree === undefined) break;
    if (reading.tree.kind === 'value' && reading.tree.value === null) {
      problems.push({
        ...reading.tree.place,
        path: '',
        message: 'The file says nothing.',
        hint: 'forge config init --force writes one.',
      });
      break;
    }
    trees.push(withOwnPaths(host, current, reading.tree));
    next = baseOf(reading.tree, (value) => resolvePath(host, current, value));
  }
  return { sources, trees, problems };
}

interface Base {
  readonly path: string;
  readonly from: ValueTree | undefined;
}

function unreadable(path: string, reason: string, hint: string | undefined): ForgeError {
  return new ForgeError('usage', `The configuration ${path} ${reason}.`, {
    code: reason === 'does not exist' ? 'CONFIG_NOT_FOUND' : 'CONFIG_UNREADABLE',
    hint: hint ?? 'forge config path shows where forge looks; forge config init writes one.',
  });
}

function baseOf(tree: Tree, resolved: (value: string) => string): Base | undefined {
  const from = tree.kind === 'map' ? tree.entries.get('extends')?.value : undefined;
  // What is no text is left to the schema.
  if (from?.kind !== 'value' || typeof from.value !== 'string' || from.value === '') return undefined;
  return { path: isAddress(from.value) ? from.value : resolved(from.value), from };
}

function isAddress(path: string): boolean {
  return /^[A-Za-z][A-Za-z0-9+.-]+:\/\//.test(path);
}

/** Relative to the file that says it; `~/` is the home folder. */
function resolvePath(host: ConfigHost, file: string, value: string): string {
  return value.startsWith('~/') ? join(host.directories.home, value.slice(2)) : resolve(dirname(file), value);
}

/** Paths mean the file they stand in, so they are made absolute before files are merged. */
export function withOwnPaths(host: ConfigHost, file: string, tree: Tree): Tree {
  return withAbsolutePaths(tree, (value) => resolvePath(host, file, value));
}

function withAbsolutePaths(tree: Tree, resolved: (value: string) => string): Tree {
  const absolute = (value: ValueTree): ValueTree =>
    typeof value.value === 'string' && value.value !== ''
      ? { ...value, value: resolved(value.value) }
      : value;
  return ['databases', 'clusters'].reduce(
    (changed, kind) => changeAt(changed, ['environments', '*', kind, '*', 'ca'], absolute),
    tree,
  );
}

function changeAt(tree: Tree, path: readonly string[], change: (value: ValueTree) => ValueTree): Tree {
  const [step, ...rest] = path;
  if (step === undefined) return tree.kind === 'value' ? change(tree) : tree;
  if (tree.kind !== 'map') return tree;
  const entries = new Map(tree.entries);
  for (const [key, entry] of step === '*' ? tree.entries : pick(tree, step)) {
    entries.set(key, { key: entry.key, value: changeAt(entry.value, rest, change) });
  }
  return { ...tree, entries };
}

function pick({ entries }: MapTree, key: string) {
  const entry = entries.get(key);
  return entry === undefined ? [] : [[key, entry] as const];
}
