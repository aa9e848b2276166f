import { isMap, isScalar, isSeq, type Node } from 'yaml';

/** Lines and columns of a text, as offsets. A byte order mark takes no column. */
export class TextPlaces {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  lineStart(position: number): number {
    const start = position === 0 ? 0 : this.#text.lastIndexOf('\n', position - 1) + 1;
    return start === 0 && this.#text.startsWith('\ufeff') ? 1 : start;
  }

  column(position: number): number {
    return position - this.lineStart(position);
  }

  /** The start of the next line; `position` itself when it is one's start already, after a block scalar. */
  lineEnd(position: number): number {
    return position > 0 && this.#text[position - 1] === '\n' ? position : this.#nextLine(position);
  }

  /** Where a node's lines end, with the comments below it that stand in `column` or to the right of it. */
  afterNode(node: Node, column: number): number {
    return this.afterComments(this.lineEnd(leafEnd(node)), column);
  }

  afterComments(position: number, column: number): number {
    let end = position;
    for (let next = position; next < this.#text.length; ) {
      const following = this.#nextLine(next);
      const line = this.#text.slice(next, following);
      const indent = line.search(/\S/);
      if (indent >= 0 && (line[indent] !== '#' || indent < column)) break;
      if (indent >= 0) end = following;
      next = following;
    }
    return end;
  }

  /** White space between two places, when there is nothing else; a space where there is. */
  gap(start: number, end: number): string {
    const between = this.#text.slice(start, end);
    return between !== '' && between.trim() === '' ? between : ' ';
  }

  trimEnd(end: number): number {
    let position = end;
    while (position > 0 && /\s/.test(this.#text[position - 1] ?? '')) position--;
    return position;
  }

  #nextLine(position: number): number {
    const found = this.#text.indexOf('\n', position);
    return found < 0 ? this.#text.length : found + 1;
  }
}

export function startOf(node: Node | undefined): number {
  return node?.range?.[0] ?? 0;
}

export function endOf(node: Node): number {
  return node.range?.[1] ?? 0;
}

/** The end of the last thing that is said in a node: a collection's own end may lie behind comments. */
export function leafEnd(node: Node): number {
  if (isMap(node) && node.flow !== true) {
    const last = node.items.at(-1);
    if (last !== undefined) return leafEnd((isNothing(last.value) ? last.key : last.value) as Node);
  }
  if (isSeq(node) && node.flow !== true && node.items.length > 0) return leafEnd(node.items.at(-1) as Node);
  return endOf(node);
}

/** `key:` with nothing behind it: the parser puts its value behind the comments that follow. */
export function isNothing(node: unknown): boolean {
  return node === null || (isScalar(node) && node.range?.[0] === node.range?.[1]);
}
