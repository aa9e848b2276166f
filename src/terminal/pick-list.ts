import { fuzzyScore } from '../lib/fuzzy.ts';

export interface Row<Value> {
  readonly value: Value;
  readonly cells: readonly string[];
  /** Above 0: used before; the more, the higher it stands. */
  readonly weight: number;
}

/** What a key does; anything else that is text is typed into the query. */
export type PickKey = 'up' | 'down' | 'pageup' | 'pagedown' | 'home' | 'end' | 'backspace' | 'clear';

/** The picker without its terminal: rows that keep coming, a query, a cursor that stays on its row. */
export class PickList<Value> {
  readonly #rows: (Row<Value> & { readonly text: string })[] = [];
  #matches: readonly Row<Value>[] = [];
  #query = '';
  #chosen: Row<Value> | undefined;
  readonly #page: number;

  constructor(pageSize: number) {
    this.#page = Math.max(1, pageSize);
  }

  get query(): string {
    return this.#query;
  }

  get total(): number {
    return this.#rows.length;
  }

  get matching(): number {
    return this.#matches.length;
  }

  get current(): Row<Value> | undefined {
    return this.#chosen ?? this.#matches[0];
  }

  add(rows: readonly Row<Value>[]): void {
    for (const row of rows) this.#rows.push({ ...row, text: row.cells.join(' ') });
    this.#filter();
  }

  type(text: string): void {
    this.#query += text;
    this.#chosen = undefined;
    this.#filter();
  }

  press(key: PickKey): void {
    if (key === 'backspace' || key === 'clear') {
      this.#query = key === 'clear' ? '' : [...this.#query].slice(0, -1).join('');
      this.#chosen = undefined;
      this.#filter();
      return;
    }
    const steps = {
      up: -1,
      down: 1,
      pageup: -this.#page,
      pagedown: this.#page,
      home: -Infinity,
      end: Infinity,
    };
    const wanted = this.#position() + steps[key];
    this.#chosen = this.#matches[Math.min(Math.max(wanted, 0), this.#matches.length - 1)];
  }

  /** The rows to show: one page, with the current one in it. */
  visible(): readonly Row<Value>[] {
    const position = this.#position();
    const start = Math.max(
      0,
      Math.min(position - Math.floor(this.#page / 2), this.#matches.length - this.#page),
    );
    return this.#matches.slice(start, start + this.#page);
  }

  #position(): number {
    return this.#chosen === undefined ? 0 : Math.max(0, this.#matches.indexOf(this.#chosen));
  }

  #filter(): void {
    const scored = this.#rows
      .map((row) => ({ row, score: fuzzyScore(this.#query, row.text) }))
      .filter((entry): entry is { row: (typeof entry)['row']; score: number } => entry.score !== undefined);
    scored.sort(
      (one, other) =>
        other.score - one.score || other.row.weight - one.row.weight || compare(one.row.text, other.row.text),
    );
    this.#matches = scored.map(({ row }) => row);
    if (this.#chosen !== undefined && !this.#matches.includes(this.#chosen)) this.#chosen = undefined;
  }
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
