import { isDeepStrictEqual } from 'node:util';
import { isMap, isScalar, isSeq, type Node, type Pair, type YAMLMap, type YAMLSeq } from 'yaml';
import { detectStyle } from './detect-style.ts';
import type { Kubeconfig } from './parse-kubeconfig.ts';
import { endOf, isNothing, leafEnd, startOf, TextPlaces } from './text-places.ts';
import { flowText, isObject, itemsText, mapText, pairText, scalarText } from './yaml-text.ts';

interface Splice {
  readonly start: number;
  readonly end: number;
  readonly text: string;
  /** Column of lines that are put between others; infinite for a change within a line, which goes before or after them. */
  readonly depth: number;
}

/**
 * Changes values in YAML or JSON by replacing the few characters that say them: whatever is not named keeps its
 * bytes. What can't be said that way (a value that is an alias) throws Unspliceable.
 */
export class YamlSplicer {
  readonly #file: Kubeconfig;
  readonly #places: TextPlaces;
  readonly #style;
  readonly #splices: Splice[] = [];

  constructor(file: Kubeconfig) {
    this.#file = file;
    this.#places = new TextPlaces(file.text);
    this.#style = detectStyle(file);
  }

  /** The text with all changes. */
  apply(): string {
    const ordered = this.#splices.toSorted((a, b) => a.start - b.start || b.depth - a.depth);
    const parts: string[] = [];
    let position = 0;
    for (const { start, end, text, depth } of ordered) {
      if (start < position) throw new Unspliceable(start);
      const before = this.#file.text.slice(position, start);
      if (before !== '') parts.push(before);
      const last = parts.at(-1) ?? '\n';
      // The last line of the file may lack its end.
      const broken = !Number.isFinite(depth) || last.endsWith('\n') || last === '\ufeff';
      parts.push(broken ? text : this.#style.eol + text);
      position = end;
    }
    return parts.join('') + this.#file.text.slice(position);
  }

  /** Sets a key; of maps on both sides only the keys that `value` names, of lists item by item. */
  set(map: YAMLMap, key: string, value: unknown): void {
    const pair = map.items.find((item) => isScalar(item.key) && item.key.value === key) as Pair | undefined;
    if (pair === undefined) {
      // From a merge key (<<).
      const inherited = (this.#js(map) as Record<string, unknown>)[key];
      if (inherited === undefined || !isDeepStrictEqual(inherited, value)) this.#insertPair(map, key, value);
      return;
    }
    const node = pair.value as Node | null;
    if (node !== null && isDeepStrictEqual(this.#js(node), value)) return;
    if (isMap(node) && node.items.length > 0 && isObject(value)) {
      for (const [inner, item] of Object.entries(value)) {
        if (item !== undefined) this.set(node as YAMLMap, inner, item);
      }
      return;
    }
    if (isSeq(node) && Array.isArray(value) && this.#setItems(node as YAMLSeq, value)) return;
    this.#replace(map, pair, value);
  }

  /** Adds to the list at a key of `map`, which is made when it is missing. */
  append(map: YAMLMap, key: string, items: readonly unknown[]): void {
    const pair = map.items.find((item) => isScalar(item.key) && item.key.value === key) as Pair | undefined;
    const node = pair?.value as Node | null | undefined;
    if (pair === undefined) {
      this.#insertPair(map, key, items);
      return;
    }
    if (isSeq(node) && node.items.length > 0) {
      this.#appendItems(node as YAMLSeq, items);
      return;
    }
    const empty = node === null || (isScalar(node) && node.value === null) || isSeq(node);
    if (!empty) throw new Unspliceable(startOf(node ?? undefined));
    if (map.flow === true) {
      this.#replace(map, pair, items);
      return;
    }
    // `clusters: []  # note` keeps its note, and the items come below.
    const colon = this.#afterColon(pair);
    const end = isNothing(node) ? colon : endOf(node as Node);
    if (this.#file.text.slice(colon, end).includes('#')) throw new Unspliceable(colon);
    this.#splice(colon, end, '');
    const column = this.#places.column(startOf(pair.key as Node)) + this.#style.dash;
    this.#insertLines(this.#places.lineEnd(end), itemsText(items, column, this.#style), column + 0.5);
  }

  /** `indexes`: ascending. */
  removeItems(list: YAMLSeq, indexes: readonly number[]): void {
    const item = (index: number) => list.items[index] as Node;
    if (list.flow !== true) {
      for (const index of indexes) this.#removeLines(item(index));
      return;
    }
    const gone = new Set(indexes);
    const lastKept = list.items.findLastIndex((_, index) => !gone.has(index));
    for (const index of indexes.filter((candidate) => candidate < lastKept)) {
      this.#splice(startOf(item(index)), startOf(item(index + 1)), '');
    }
    if (!gone.has(list.items.length - 1)) return;
    const end = endOf(item(list.items.length - 1));
    const comma = lastKept >= 0 ? 0 : (/^\s*,/.exec(this.#file.text.slice(end))?.[0].length ?? 0);
    this.#splice(lastKept >= 0 ? endOf(item(lastKept)) : startOf(item(0)), end + comma, '');
  }

  #removeLines(item: Node): void {
    const { text } = this.#file;
    const start = startOf(item);
    const dash = text.lastIndexOf('-', start - 1);
    const line = this.#places.lineStart(dash);
    if (dash < 0 || text.slice(line, dash).trim() !== '') throw new Unspliceable(start);
    this.#splice(line, this.#places.afterNode(item, dash - line + 1), '');
  }

  /** A list in block style that lost all its items. */
  markEmpty(map: YAMLMap, key: string): void {
    const pair = map.items.find((item) => isScalar(item.key) && item.key.value === key) as Pair | undefined;
    if (pair === undefined || (pair.value as YAMLSeq).flow === true) return;
    const colon = this.#afterColon(pair);
    this.#splice(colon, colon, ' []');
  }

  /** Text for a file in which there is nothing yet. */
  begin(value: object): void {
    const { text } = this.#file;
    // Before the mark that ends a document.
    const position = /(?<=^\ufeff?)\.\.\.(?=\s)/m.exec(text)?.index ?? text.length;
    this.#insertLines(position, mapText(value, 0, this.#style), 0);
  }

  /** In place of `{}`, as JSON. */
  fill(map: YAMLMap, value: object): void {
    const text = flowText(value, { step: this.#style.step, indent: 0 });
    this.#splice(startOf(map), endOf(map), text.replaceAll('\n', this.#style.eol));
  }

  #setItems(list: YAMLSeq, values: readonly unknown[]): boolean {
    const { items } = list;
    if (items.length === 0 || values.length < items.length) return false;
    const changed = items
      .map((item, index) => ({ item, value: values[index] }))
      .filter(({ item, value }) => !isDeepStrictEqual(this.#js(item as Node), value));
    const fits = changed.every(
      ({ item, value }) => (isMap(item) && isObject(value)) || (isPlainScalar(item) && !isObject(value)),
    );
    if (!fits || changed.some(({ value }) => Array.isArray(value))) return false;
    for (const { item, value } of changed) {
      if (isMap(item)) {
        for (const [key, inner] of Object.entries(value as object)) this.set(item as YAMLMap, key, inner);
      } else this.#replaceScalar(item as Node, value, list.flow === true);
    }
    if (values.length > items.length) this.#appendItems(list, values.slice(items.length));
    return true;
  }

  #replace(map: YAMLMap, pair: Pair, value: unknown): void {
    const node = pair.value as Node | null;
    const flow = map.flow === true;
    const simple = !isObject(value) && !Array.isArray(value);
    if (isNothing(node) && !flow) {
      const colon = this.#afterColon(pair);
      this.#splice(colon, colon, ` ${simple ? scalarText(value) : flowText(value)}`);
      return;
    }
    if (isPlainScalar(node) && simple) {
      this.#replaceScalar(node, value, flow);
      return;
    }
    if (node !== null && flow) {
      this.#splice(startOf(node), endOf(node), this.#flow(value, node));
      return;
    }
    const colon = this.#afterColon(pair);
    if (isSeq(node) && node.flow !== true && Array.isArray(value) && value.length > 0) {
      const column = this.#places.column(startOf(node));
      const items = itemsText(value, column, this.#style);
      this.#splice(startOf(node), this.#places.trimEnd(leafEnd(node)), items.trimStart());
      return;
    }
    const end = node === null ? colon : this.#places.trimEnd(Math.max(colon, leafEnd(node)));
    this.#splice(colon, end, ` ${flowText(value)}`);
  }

  #replaceScalar(node: Node, value: unknown, flow: boolean): void {
    const type = isScalar(node) ? node.type : undefined;
    const [start, end] = [startOf(node), endOf(node)];
    const quoting = type === 'QUOTE_SINGLE' ? 'single' : type === 'QUOTE_DOUBLE' || flow ? 'double' : 'plain';
    const gap = start === end && this.#file.text[start - 1] === ':' ? ' ' : '';
    this.#splice(start, end, gap + scalarText(value, quoting));
  }

  #insertPair(map: YAMLMap, key: string, value: unknown): void {
    const last = map.items.at(-1) as Pair | undefined;
    const first = map.items[0]?.key as Node | undefined;
    if (map.flow === true) {
      const said = `${scalarText(key, 'double')}: `;
      if (last === undefined) {
        this.#splice(startOf(map) + 1, startOf(map) + 1, said + flowText(value));
        return;
      }
      const gap = this.#places.gap(startOf(map) + 1, startOf(first));
      const end = endOf((last.value ?? last.key) as Node);
      this.#splice(end, end, `,${gap}${said}${this.#flow(value, first)}`);
      return;
    }
    const column = this.#places.column(startOf(first));
    const position = this.#places.afterNode(map, map === this.#file.root ? 0 : column);
    this.#insertLines(position, pairText(key, value, column, this.#style), column);
  }

  #appendItems(list: YAMLSeq, items: readonly unknown[]): void {
    const first = list.items[0] as Node;
    const last = list.items.at(-1) as Node;
    if (list.flow === true) {
      const gap = this.#places.gap(startOf(list) + 1, startOf(first));
      const texts = items.map((item) => `,${gap}${this.#flow(item, first)}`);
      this.#splice(endOf(last), endOf(last), texts.join(''));
      return;
    }
    const column = this.#places.column(startOf(list));
    const position = this.#places.afterNode(last, column + 1);
    this.#insertLines(position, itemsText(items, column, this.#style), column + 0.5);
  }

  /** JSON for a place where `near` stands: on lines of its own when that begins one. */
  #flow(value: unknown, near: Node | undefined): string {
    const start = startOf(near);
    const line = this.#places.lineStart(start);
    const own =
      this.#file.text.slice(line, start).trim() === '' && this.#file.text.slice(0, line).trim() !== '';
    if (!own) return flowText(value);
    const layout = { step: this.#style.step, indent: this.#places.column(start) };
    return flowText(value, layout).replaceAll('\n', this.#style.eol);
  }

  /** Of what comes to one place the deepest goes first; items go before a key in their column. */
  #insertLines(position: number, lines: string, depth: number): void {
    this.#splices.push({ start: position, end: position, text: lines + this.#style.eol, depth });
  }

  #afterColon(pair: Pair): number {
    const colon = this.#file.text.indexOf(':', endOf(pair.key as Node));
    if (colon < 0) throw new Unspliceable(startOf(pair.key as Node));
    return colon + 1;
  }

  #js(node: Node): unknown {
    return node.toJS(this.#file.document, { maxAliasCount: -1 });
  }

  #splice(start: number, end: number, text: string): void {
    const depth = start === end ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
    this.#splices.push({ start, end, text, depth });
  }
}

/** What would have to be written anew to be changed. */
export class Unspliceable extends Error {
  readonly offset: number;
  constructor(offset: number) {
    super('This place can not be changed by itself.');
    this.offset = offset;
  }
}

function isPlainScalar(node: unknown): node is Node {
  return isScalar(node) && node.type !== 'BLOCK_LITERAL' && node.type !== 'BLOCK_FOLDED';
}
