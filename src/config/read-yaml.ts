import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Node,
  type Pair,
  parseDocument,
  type YAMLError,
  type YAMLMap,
} from 'yaml';
import type { Entry, Place, Problem, SourceFile, Tree } from './config-tree.ts';
import { pathText } from './config-tree.ts';

interface YamlReading {
  /** Undefined when the text is no YAML, or not the plain YAML that forge reads. */
  readonly tree: Tree | undefined;
  readonly problems: readonly Problem[];
}

/**
 * Text → tree. Plain YAML only: no anchors, aliases, tags, directives or second document, and no key twice,
 * because each of those lets a file say something else than what a reader sees in it.
 */
export function readYaml(file: SourceFile): YamlReading {
  const reader = new Reader(file);
  let document: Document.Parsed;
  try {
    // Duplicate keys are looked for here: yaml compares each key with all before it, which is quadratic.
    document = parseDocument(file.text, {
      uniqueKeys: false,
      merge: false,
      version: '1.2',
      schema: 'core',
      prettyErrors: false,
      logLevel: 'error',
    });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return { tree: undefined, problems: [reader.tooDeep()] };
  }
  const { errors } = document;
  if (errors.length > 0) {
    return { tree: undefined, problems: errors.slice(0, mostProblems).map((error) => reader.syntax(error)) };
  }
  if (
    document.directives?.yaml.explicit === true ||
    Object.keys(document.directives?.tags ?? {}).length > 1
  ) {
    return { tree: undefined, problems: [reader.directive()] };
  }
  const tree = reader.tree(document.contents, [], 0);
  return reader.problems.length > 0 ? { tree: undefined, problems: reader.problems } : { tree, problems: [] };
}

/** Nothing in forge.yaml is deeper than 8. */
const deepest = 32;
/** A broken file can break at every line; the first few say it all. */
const mostProblems = 50;

class Reader {
  readonly problems: Problem[] = [];
  readonly #file: string;
  readonly #text: string;
  /** Where each line begins. The parser's own count misses line ends inside broken flow collections. */
  readonly #starts: readonly number[];

  constructor({ path, text }: SourceFile) {
    this.#file = path;
    this.#text = text;
    this.#starts = [0, ...Array.from(text.matchAll(/\n/g), (match) => match.index + 1)];
  }

  tree(node: Node | null | undefined, path: readonly (string | number)[], offset: number): Tree {
    const place = this.#place(node?.range?.[0] ?? offset);
    if (node === null || node === undefined) return empty(place, false);
    if (isAlias(node))
      return this.#refuse(place, path, 'is an alias (*…): forge.yaml has none; write the value out');
    const { anchor, tag } = node as { anchor?: string; tag?: string };
    if (anchor !== undefined)
      return this.#refuse(place, path, 'has an anchor (&…): forge.yaml has none; remove it');
    if (tag !== undefined)
      return this.#refuse(
        place,
        path,
        `has the tag ${tag.replace('tag:yaml.org,2002:', '!!')}: forge.yaml has none; remove it`,
      );
    if (path.length > deepest) return this.#refuse(place, [], 'Values are nested too deeply');
    if (isMap(node)) return this.#map(node, path, place);
    if (isSeq(node)) {
      const items = node.items.map((item, index) => this.tree(item as Node, [...path, index], offset));
      return { kind: 'list', place, items };
    }
    if (isScalar(node)) {
      const { value, source } = node;
      if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') {
        return { kind: 'value', place, value, source: source ?? String(value), commented: false };
      }
      return empty(place, this.#commentFollows(offset));
    }
    return this.#refuse(place, path, 'is nothing that forge.yaml can hold');
  }

  #map(node: YAMLMap, path: readonly (string | number)[], place: Place): Tree {
    const entries = new Map<string, Entry>();
    for (const pair of node.items as Pair<Node | null, Node | null>[]) {
      const keyOffset = pair.key?.range?.[0] ?? node.range?.[0] ?? 0;
      const keyPlace = this.#place(keyOffset);
      if (!isScalar(pair.key) || pair.key.value === null) {
        this.#refuse(keyPlace, path, 'has a key that is not a plain word');
        continue;
      }
      if (pair.key.anchor !== undefined || pair.key.tag !== undefined) {
        this.#refuse(keyPlace, path, 'has a key with an anchor or a tag: forge.yaml has none');
        continue;
      }
      const key = pair.key.source ?? String(pair.key.value);
      const inner = [...path, key];
      const first = entries.get(key);
      if (first !== undefined) {
        this.#refuse(keyPlace, inner, `is there twice: first in line ${first.key.line}`);
      } else if (key === '__proto__' || key === 'constructor' || key === 'prototype') {
        this.#refuse(keyPlace, inner, 'can’t be used as a name');
      } else {
        const end = pair.key.range?.[1] ?? keyOffset;
        entries.set(key, { key: keyPlace, value: this.tree(pair.value, inner, end) });
      }
    }
    return { kind: 'map', place, entries };
  }

  #commentFollows(offset: number): boolean {
    return /^["']?[ \t]*:[ \t]+#/.test(this.#text.slice(offset, offset + 200));
  }

  #place(offset: number): Place {
    const inside = Math.min(offset, this.#text.length);
    let line = 0;
    for (let above = this.#starts.length; above - line > 1; ) {
      const middle = (line + above) >> 1;
      if ((this.#starts[middle] ?? 0) <= inside) line = middle;
      else above = middle;
    }
    return { file: this.#file, line: line + 1, column: inside - (this.#starts[line] ?? 0) + 1 };
  }

  #refuse(place: Place, path: readonly (string | number)[], what: string): Tree {
    const where = path.length === 0 ? (/^[A-Z]/.test(what) ? '' : 'The file ') : `${pathText(path)} `;
    if (this.problems.length < mostProblems) {
      this.problems.push({ ...place, path: pathText(path), message: `${where}${what}.` });
    }
    return empty(place, false);
  }

  tooDeep(): Problem {
    return { ...this.#place(0), path: '', message: 'Values are nested too deeply.' };
  }

  directive(): Problem {
    const offset = Math.max(0, this.#text.search(/^%/m));
    return {
      ...this.#place(offset),
      path: '',
      message: 'The file has a %… directive: forge.yaml has none; remove the line.',
    };
  }

  syntax(error: YAMLError): Problem {
    const place = this.#place(error.pos[0]);
    // The composer's recursion ran out of stack: what stands there may even be YAML.
    if (error.message.startsWith('Maximum call stack')) return { ...this.tooDeep(), ...place };
    const known = syntaxSentences[error.code];
    const own = (error.message.split('\n')[0] ?? '').replace(/\.*$/, '');
    return { ...place, path: '', message: known?.[0] ?? `This is not YAML: ${own}.`, hint: known?.[1] };
  }
}

function empty(place: Place, commented: boolean): Tree {
  return { kind: 'value', place, value: null, source: '', commented };
}

/** Sentences for the mistakes that people make; the parser's own for the rest. */
const syntaxSentences: Readonly<Record<string, readonly [string, string?]>> = {
  TAB_AS_INDENT: ['A tab is used to indent.', 'YAML indents with spaces: replace the tab by two.'],
  MULTIPLE_DOCS: [
    'A second document begins here.',
    'forge.yaml is one document: remove the line "---" or "...".',
  ],
  BAD_INDENT: [
    'The indentation fits none of the lines above.',
    'Keys of one mapping begin in the same column.',
  ],
  BLOCK_AS_IMPLICIT_KEY: [
    'A value and a mapping stand on one line.',
    'Quote the value if it holds ": ", or begin the mapping on the next line.',
  ],
  MULTILINE_IMPLICIT_KEY: [
    'A line is neither "key: value" nor the continuation of one.',
    'Is a colon missing, or a quote not closed?',
  ],
  MISSING_CHAR: ['A closing quote, bracket or colon is missing.'],
};
