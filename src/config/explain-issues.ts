import type { BaseIssue } from 'valibot';
import { nearest } from '../lib/nearest.ts';
import { configSchema } from './config-schema.ts';
import { findEntry, type MapTree, type Problem, pathText, type Tree } from './config-tree.ts';

type Issue = BaseIssue<unknown>;
type Path = readonly (string | number)[];

/** What the schema finds wrong, as sentences with a place. Messages of the schema end "… must be". */
export function explainIssues(tree: Tree, issues: readonly Issue[]): readonly Problem[] {
  const shaped = [...misshapen(configSchema as unknown as Shape, tree, [])];
  const lists = shaped.filter(({ isList }) => isList).map(({ path }) => path);
  const others = issues
    // valibot stops at the first unknown key of a mapping, and takes a list for one: misshapen names them all.
    .filter((issue) => issue.expected !== 'never')
    .map((issue) => explain(tree, issue))
    .filter(({ path }) => !lists.some((list) => list === '' || path === list || isInside(path, list)));
  return [...shaped.map(({ isList, ...problem }) => problem), ...others];
}

function isInside(path: string, outer: string): boolean {
  return path.startsWith(`${outer}.`) || path.startsWith(`${outer}[`);
}

function explain(tree: Tree, outer: Issue): Problem {
  const { issue, path } = innermost(outer);
  const last = issue.path?.at(-1);
  if (
    issue.type === 'strict_object' &&
    issue.expected !== 'never' &&
    last?.origin === 'key' &&
    issue.received === 'undefined'
  ) {
    const holder = findEntry(tree, path.slice(0, -1));
    const owner = path.length === 1 ? 'The file' : pathText(path.slice(0, -1));
    return { ...holder.key, path: pathText(path), message: `${owner} needs "${String(path.at(-1))}".` };
  }
  const { key, value } = findEntry(tree, path);
  if (last?.origin === 'key') {
    const name = JSON.stringify(String(path.at(-1)));
    const owner = pathText(path.slice(0, -1));
    return { ...key, path: owner, message: `${owner} has the name ${name}; it must be ${issue.message}.` };
  }
  const shown = path.length === 0 ? 'The file' : pathText(path);
  const place = value.kind === 'value' && value.value !== null ? value.place : key;
  return {
    ...place,
    path: pathText(path),
    message: `${shown} ${foundText(value)}; it must be ${issue.message}.`,
    hint: hintFor(value, issue),
  };
}

/** A union reports each of its choices: the one that fits what was written is meant. */
function innermost(outer: Issue): { readonly issue: Issue; readonly path: Path } {
  let issue = outer;
  const path = [...stepsOf(issue)];
  while (issue.type === 'union' && issue.issues !== undefined) {
    const inside =
      (issue.issues as Issue[]).find((inner) => (inner.path?.length ?? 0) > 0) ?? issue.issues[0];
    if (inside === undefined) break;
    path.push(...stepsOf(inside));
    issue = inside;
  }
  return { issue, path };
}

function stepsOf(issue: Issue): Path {
  return (issue.path ?? []).map((item) => (typeof item.key === 'number' ? item.key : String(item.key)));
}

function foundText(value: Tree): string {
  if (value.kind === 'map') return 'is a mapping';
  if (value.kind === 'list') return 'is a list';
  if (value.value === null) return 'has no value';
  if (typeof value.value === 'number') return `is the number ${cut(value.source)}`;
  return `is ${typeof value.value === 'string' ? JSON.stringify(cut(value.value)) : String(value.value)}`;
}

function cut(text: string): string {
  return text.length <= 60 ? text : `${text.slice(0, 57)}…`;
}

function hintFor(value: Tree, issue: Issue): string | undefined {
  if (value.kind !== 'value') return undefined;
  if (value.commented) return 'What follows " #" is a comment: put the value in quotes.';
  if (typeof value.value === 'number' && issue.type === 'string') {
    return `Put it in quotes: "${value.source}"`;
  }
  if (typeof value.value === 'boolean' && issue.type === 'string')
    return `Put it in quotes: "${value.source}"`;
  if (issue.type === 'boolean' && typeof value.value === 'string') {
    const near = /^(y|yes|on|1)$/i.test(value.value)
      ? 'true'
      : /^(n|no|off|0)$/i.test(value.value)
        ? 'false'
        : nearest(value.value, ['true', 'false']);
    return near && `Did you mean: ${near}`;
  }
  if (issue.type === 'picklist' && typeof value.value === 'string') {
    const options = [...(issue.expected ?? '').matchAll(/"([^"]+)"/g)].map((match) => match[1] ?? '');
    const near = nearest(value.value, options);
    return near && `Did you mean: ${near}`;
  }
  return undefined;
}

/** The parts of a valibot schema that say which keys it takes. */
interface Shape {
  readonly type: string;
  readonly entries?: Readonly<Record<string, Shape>>;
  readonly value?: Shape;
  readonly item?: Shape;
  readonly wrapped?: Shape;
  readonly options?: readonly Shape[];
}

type Misshapen = Problem & { readonly isList: boolean };

function* misshapen(shape: Shape, tree: Tree, path: Path): Generator<Misshapen> {
  if (shape.wrapped !== undefined) {
    yield* misshapen(shape.wrapped, tree, path);
  } else if (shape.type === 'union') {
    for (const option of shape.options ?? []) {
      if (option.entries === undefined || tree.kind === 'map') yield* misshapen(option, tree, path);
    }
  } else if (shape.item !== undefined && tree.kind === 'list') {
    for (const [index, item] of tree.items.entries()) yield* misshapen(shape.item, item, [...path, index]);
  } else if (shape.entries === undefined && shape.type !== 'record') {
    return;
  } else if (tree.kind === 'list') {
    const shown = path.length === 0 ? 'The file' : pathText(path);
    const message = `${shown} is a list; it must be a mapping.`;
    yield { ...tree.place, path: pathText(path), message, isList: true };
  } else if (tree.kind === 'map') {
    for (const [key, entry] of tree.entries) {
      const inner = shape.entries === undefined ? shape.value : keyOf(shape.entries, key);
      if (inner !== undefined) yield* misshapen(inner, entry.value, [...path, key]);
      else yield { ...unknownKey(shape.entries ?? {}, tree, key, path), isList: false };
    }
  }
}

function keyOf(entries: Readonly<Record<string, Shape>>, key: string): Shape | undefined {
  return Object.hasOwn(entries, key) ? entries[key] : undefined;
}

function unknownKey(
  entries: Readonly<Record<string, Shape>>,
  tree: MapTree,
  key: string,
  path: Path,
): Problem {
  const known = Object.keys(entries);
  const near = nearest(
    key,
    known.filter((name) => !tree.entries.has(name)),
  );
  const owner = path.length === 0 ? 'The file' : pathText(path);
  const allowed = `It takes: ${known.join(', ')}`;
  return {
    ...(tree.entries.get(key)?.key ?? tree.place),
    path: pathText([...path, key]),
    message: `${owner} has no key ${JSON.stringify(cut(key))}.`,
    hint: near === undefined ? allowed : `Did you mean: ${near}. ${allowed}`,
  };
}
