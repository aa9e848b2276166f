/** Where a recording is being played: what the keys do to it. Time is that of the playing, milliseconds. */
export class Playhead {
  readonly #due: readonly number[];
  readonly #clock: () => number;
  /** Of the recording, when `#since` was read off the clock. */
  #position = 0;
  #since: number;
  #paused = false;

  /** `due`: when each scene is shown, never falling. `clock` monotonic. */
  constructor(due: readonly number[], clock: () => number) {
    this.#due = due;
    this.#clock = clock;
    this.#since = clock();
  }

  /**
   * How many scenes are to be seen by now, and how long until that changes: without end while it is paused, undefined
   * when it is over.
   */
  look(): { readonly scene: number; readonly waitMs: number | undefined } {
    const now = this.#now();
    const scene = this.#sceneAt(now);
    const next = this.#due[scene];
    if (this.#paused) return { scene, waitMs: Number.POSITIVE_INFINITY };
    return { scene, waitMs: next === undefined ? undefined : Math.max(1, Math.min(next - now, longestWait)) };
  }

  togglePause(): void {
    this.#settle(this.#now());
    this.#paused = !this.#paused;
  }

  /** The next scene, while it is paused. */
  step(): void {
    const next = this.#due[this.#sceneAt(this.#now())];
    if (this.#paused && next !== undefined) this.#settle(next);
  }

  move(milliseconds: number): void {
    const end = this.#due.at(-1) ?? 0;
    this.#settle(Math.min(Math.max(0, this.#now() + milliseconds), end));
  }

  #now(): number {
    return this.#paused ? this.#position : this.#position + this.#clock() - this.#since;
  }

  #settle(position: number): void {
    this.#position = position;
    this.#since = this.#clock();
  }

  #sceneAt(position: number): number {
    let [low, high] = [0, this.#due.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#due[middle] ?? 0) <= position) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** A timer holds no more than 24 days, and a recording may say anything. */
const longestWait = 3_600_000;
