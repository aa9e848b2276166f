import type { Settlement } from './request.ts';

/** A change that the server makes when it has answered the message; until then it holds for what is sent after it. */
class NameChange<Value> implements Settlement {
  readonly name: string;
  /** Undefined: it is gone. */
  readonly value: Value | undefined;
  /** Which Sync it was sent before: an error skips a whole group. */
  readonly group: number;
  readonly #names: NamedObjects<Value>;

  constructor(names: NamedObjects<Value>, name: string, value: Value | undefined, group: number) {
    this.#names = names;
    this.name = name;
    this.value = value;
    this.group = group;
  }

  confirm(): void {
    this.#names.confirm(this);
  }

  drop(): void {
    this.#names.drop(this);
  }
}

/** NAMEDATALEN - 1: the server takes names that differ only behind this for the same. */
const significant = 63;

/**
 * What the names of prepared statements and portals stand for on the server. With pipelining a Bind goes out before
 * the answer to its Parse: `find` sees what will be there once all that was sent has worked. Within one group that is
 * enough, for an error skips who would use the name, too; of an earlier group the answer must be there (`isSettled`).
 */
export class NamedObjects<Value> {
  readonly #known = new Map<string, Value>();
  /**
   * What '' stands for, as most portals are called: to take it into a Map and out again leaves tables behind, each of
   * which keeps the next from being forgotten once one of them is old.
   */
  #unnamed: Value | undefined;
  readonly #pending: NameChange<Value>[] = [];

  find(name: string): Value | undefined {
    const key = name.slice(0, significant);
    const change = this.#newest(key);
    return change === undefined ? this.#knownAs(key) : change.value;
  }

  /** Whether what `find` says is sure, for who is sent in this group. */
  isSettled(name: string, group: number): boolean {
    const change = this.#newest(name.slice(0, significant));
    return change === undefined || change.group === group;
  }

  /** Whether it is of every name: what waits for its answer is in the order of the groups. */
  allSettled(group: number): boolean {
    const first = this.#pending[0];
    return first === undefined || first.group === group;
  }

  /** It is sent next. Settle it with `confirm` or `drop`. */
  expect(name: string, value: Value | undefined, group: number): Settlement {
    const change = new NameChange(this, name.slice(0, significant), value, group);
    this.#pending.push(change);
    return change;
  }

  /** That it is gone next: undefined where nobody knows of it anyway. */
  expectGone(name: string, group: number): Settlement | undefined {
    const key = name.slice(0, significant);
    if (this.#knownAs(key) === undefined && this.#newest(key) === undefined) return undefined;
    return this.expect(name, undefined, group);
  }

  /** Something may be there that SQL can take away. */
  get any(): boolean {
    return this.#unnamed !== undefined || this.#known.size > 0 || this.#pending.length > 0;
  }

  /** The server has done it. */
  confirm(change: NameChange<Value>): void {
    this.drop(change);
    if (change.name === '') this.#unnamed = change.value;
    else if (change.value === undefined) this.#known.delete(change.name);
    else this.#known.set(change.name, change.value);
  }

  /** The server has not done it, for an error. */
  drop(change: NameChange<Value>): void {
    // Answers come in order: nearly always it is the first.
    if (this.#pending[0] === change) this.#pending.shift();
    else {
      const index = this.#pending.indexOf(change);
      if (index >= 0) this.#pending.splice(index, 1);
    }
  }

  /** SQL or the end of a transaction has taken it, or all. */
  forget(name?: string): void {
    if (name === undefined || name === '') this.#unnamed = undefined;
    if (name === undefined && this.#known.size > 0) this.#known.clear();
    else if (name !== undefined) this.#known.delete(name.slice(0, significant));
  }

  #knownAs(key: string): Value | undefined {
    return key === '' ? this.#unnamed : this.#known.get(key);
  }

  #newest(key: string): NameChange<Value> | undefined {
    for (let index = this.#pending.length - 1; index >= 0; index--) {
      const change = this.#pending[index];
      if (change?.name === key) return change;
    }
    return undefined;
  }
}
