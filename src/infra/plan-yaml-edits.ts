import {
  isMap,
  isScalar,
  isSeq,
  type Node,
  type Pair,
  parseDocument,
  type Scalar,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml';
import { ForgeError } from '../errors.ts';
import type { Edit } from './apply-edits.ts';
import { planListEdits } from './plan-list-edits.ts';
import { asWritten, isPlainMap, type Plain, type PlainMap, saysAlready } from './same-meaning.ts';
import { blockLines, flowText, keyText, scalarText } from './yaml-value-text.ts';

/** One value that becomes another. */
export interface ValueChange {
  readonly path: readonly string[];
  /** Undefined: there was none. */
  readonly before: Plain | undefined;
  readonly after: Plain;
}

export interface YamlEdits {
  readonly edits: readonly Edit[];
  readonly changes: readonly ValueChange[];
}

/**
 * What has to be typed into a YAML text so that it says `wanted`. Comments, order, quotes, blanks and whatever `wanted`
 * does not name stay, byte for byte: only where a value differs is there an edit. `effective` is what holds now, of the text and
 * of what it extends. Whoever calls reads the result back: a text that is laid out beyond this one's understanding is
 * not written.
 */
export function planYamlEdits(text: string, effective: PlainMap, wanted: PlainMap): YamlEdits {
  const options = { uniqueKeys: false, merge: false, version: '1.2', schema: 'core' } as const;
  const { contents } = parseDocument(text, options);
  const planner = new Planner(text, contents);
  if (isMap(contents)) planner.map(contents, effective, wanted, []);
  else planner.append(wanted);
  return planner;
}

class Planner implements YamlEdits {
  readonly edits: Edit[] = [];
  readonly changes: ValueChange[] = [];
  readonly #text: string;
  readonly #newline: string;
  /** How much deeper a mapping in this file is indented than what it is in. */
  readonly #step: string;

  constructor(text: string, contents: Node | null) {
    this.#text = text;
    this.#newline = text.includes('\r\n') ? '\r\n' : '\n';
    this.#step = ' '.repeat(isMap(contents) ? this.#stepOf(contents) : 2);
  }

  map(node: YAMLMap, effective: PlainMap, wanted: PlainMap, path: readonly string[]): void {
    const missing: [string, Plain][] = [];
    for (const [key, value] of Object.entries(wanted)) {
      const found = effective[key];
      if (saysAlready(key, found, value)) continue;
      const pair = (node.items as Pair<Scalar, Node | null>[]).find((item) => nameOf(item) === key);
      const inner = [...path, key];
      if (pair === undefined) missing.push([key, this.#news(key, found, value, inner)]);
      else this.#pair(pair, node.flow === true, found, value, inner);
    }
    if (missing.length > 0) this.#add(node, Object.fromEntries(missing));
  }

  /** A file with comments alone, or nothing. */
  append(wanted: PlainMap): void {
    const news = Object.fromEntries(
      Object.entries(wanted).map(([key, value]) => [key, this.#news(key, undefined, value, [key])]),
    );
    const lines = blockLines(news, '', this.#step);
    const broken = this.#text === '' || this.#text.endsWith('\n');
    const text = `${broken ? '' : this.#newline}${lines.join(this.#newline)}${this.#newline}`;
    this.edits.push({ start: this.#text.length, end: this.#text.length, text });
  }

  /** What is to be written of a value that this text does not have: not what the file that it extends says already. */
  #news(key: string, found: Plain | undefined, wanted: Plain, path: readonly string[]): Plain {
    if (isPlainMap(wanted) && isPlainMap(found)) {
      const differing = Object.entries(wanted).filter(
        ([name, item]) => !saysAlready(name, found[name], item),
      );
      return Object.fromEntries(
        differing.map(([name, item]) => [name, this.#news(name, found[name], item, [...path, name])]),
      );
    }
    const after = asWritten(key, wanted);
    this.changes.push({ path, before: found, after });
    return after;
  }

  #pair(
    { key, value: node }: Pair<Scalar, Node | null>,
    flow: boolean,
    found: Plain | undefined,
    wanted: Plain,
    path: readonly string[],
  ): void {
    const name = path.at(-1) ?? '';
    if (isPlainMap(wanted)) {
      if (isMap(node)) {
        this.map(node, isPlainMap(found) ? found : {}, wanted, path);
        return;
      }
      if (!isNothing(node)) throw beyond(path);
      const news = this.#news(name, found, wanted, path);
      if (!isPlainMap(news)) throw beyond(path);
      if (flow) this.#afterColon(key, flowText(news, true));
      else
        this.#linesBelow(
          this.#colonAfter(key),
          blockLines(news, `${this.#indentOf(key)}${this.#step}`, this.#step),
        );
      return;
    }
    const after = asWritten(name, wanted);
    this.changes.push({ path, before: found, after });
    if (isSeq(node) && Array.isArray(after)) {
      const edits = planListEdits(
        this.#text,
        node as YAMLSeq<Node>,
        after as readonly Plain[],
        this.#newline,
      );
      if (edits === undefined) throw beyond(path);
      this.edits.push(...edits);
    } else if (isNothing(node)) this.#afterColon(key, flowText(after, flow));
    else if (isScalar(node) && !Array.isArray(after)) this.#scalar(node, after, flow);
    else throw beyond(path);
  }

  #scalar(node: Scalar, after: Plain, flow: boolean): void {
    const [start, end] = rangeOf(node);
    const quoted = node.type === 'QUOTE_DOUBLE' || node.type === 'QUOTE_SINGLE';
    const text =
      typeof after !== 'string'
        ? JSON.stringify(after)
        : quoted
          ? JSON.stringify(after)
          : scalarText(after, flow);
    // A block scalar ends with its line.
    const tail = /\r?\n$/.exec(this.#text.slice(start, end))?.[0] ?? '';
    this.edits.push({ start, end, text: `${text}${tail}` });
  }

  #add(node: YAMLMap, entries: PlainMap): void {
    const last = node.items.at(-1) as Pair<Scalar, Node | null> | undefined;
    if (node.flow === true) {
      const inside = Object.entries(entries).map(
        ([key, value]) => `${keyText(key)}: ${flowText(value, true)}`,
      );
      const at = last === undefined ? rangeOf(node)[0] + 1 : this.#endOf(last);
      const text = last === undefined ? ` ${inside.join(', ')} ` : `, ${inside.join(', ')}`;
      this.edits.push({ start: at, end: at, text });
    } else if (last !== undefined) {
      this.#linesBelow(this.#endOf(last), blockLines(entries, this.#indentOf(last.key), this.#step));
    }
  }

  #linesBelow(position: number, lines: readonly string[]): void {
    let at = position;
    // What a block scalar ends with is its own line's end.
    while (at > 0 && /[\r\n]/.test(this.#text[at - 1] ?? '')) at--;
    const end = this.#text.indexOf('\n', at);
    const before = end < 0 ? this.#text.length : end;
    at = this.#text[before - 1] === '\r' ? before - 1 : before;
    this.edits.push({ start: at, end: at, text: lines.map((line) => `${this.#newline}${line}`).join('') });
  }

  #afterColon(key: Scalar, text: string): void {
    const at = this.#colonAfter(key);
    this.edits.push({ start: at, end: at, text: ` ${text}` });
  }

  /** Where a value could begin: behind the colon. */
  #colonAfter(key: Scalar): number {
    const [, end] = rangeOf(key);
    const colon = /^[ \t]*:/.exec(this.#text.slice(end, end + 200));
    return end + (colon?.[0].length ?? 0);
  }

  #endOf({ key, value }: Pair<Scalar, Node | null>): number {
    if (isNothing(value)) return this.#colonAfter(key);
    if ((isMap(value) || isSeq(value)) && value.flow !== true) {
      const last = value.items.at(-1);
      if (last === undefined) return rangeOf(value)[1];
      return isMap(value) ? this.#endOf(last as Pair<Scalar, Node | null>) : this.#endOfItem(last as Node);
    }
    return rangeOf(value)[1];
  }

  #endOfItem(item: Node): number {
    const last = isMap(item) && item.flow !== true ? item.items.at(-1) : undefined;
    return last === undefined ? rangeOf(item)[1] : this.#endOf(last as Pair<Scalar, Node | null>);
  }

  #indentOf(key: Scalar): string {
    return ' '.repeat(this.#columnOf(key));
  }

  #columnOf(key: Scalar): number {
    const [start] = rangeOf(key);
    return start - (this.#text.lastIndexOf('\n', start - 1) + 1);
  }

  #stepOf(map: YAMLMap): number {
    for (const { key, value } of map.items as Pair<Scalar, Node | null>[]) {
      const inner =
        isMap(value) && value.flow !== true ? (value.items[0]?.key as Scalar | undefined) : undefined;
      if (inner !== undefined) return Math.max(1, this.#columnOf(inner) - this.#columnOf(key));
    }
    return 2;
  }
}

const nameOf = ({ key }: Pair<Scalar, Node | null>): string => key.source ?? String(key.value);

/** Nothing is written, or `~` or `null`. */
function isNothing(node: Node | null): node is null {
  return node === null || (isScalar(node) && node.value === null && (node.source ?? '') === '');
}

function rangeOf(node: Node): readonly [start: number, valueEnd: number] {
  const { range } = node;
  if (range === null || range === undefined) throw beyond([]);
  return [range[0], range[1]];
}

/** Better a line by hand than one that is guessed. */
export function beyond(path: readonly string[]): ForgeError {
  const where = path.length === 0 ? 'The file' : path.join('.');
  return new ForgeError('usage', `${where} is written in a way that forge does not dare to edit.`, {
    code: 'CONFIG_EDIT',
    hint: 'Change it by hand, as --plan or Terraform says; or write the value on a line of its own.',
  });
}
