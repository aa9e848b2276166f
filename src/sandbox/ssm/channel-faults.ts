/** What goes wrong in data channels on order. Probabilities are for each message, each way. */
export interface ChannelFaults {
  readonly drop: number;
  readonly duplicate: number;
  /** The message goes behind those of the next few milliseconds. */
  readonly reorder: number;
  readonly delayMs: number;
  /** Each socket is cut after so many bytes both ways together; 0: never. */
  readonly cutAfterBytes: number;
  /** How many sockets are cut; the next one lasts. */
  readonly cuts: number;
  /** Each socket falls silent after so many bytes: open, and nothing gets through any more. 0: never. */
  readonly silentAfterBytes: number;
  /** The agent sends one message in so many milliseconds; AWS's sleeps for one after each. */
  readonly agentPaceMs: number;
  /** The agent takes one message of input in so many milliseconds. */
  readonly agentTakesMs: number;
  /** After HandshakeComplete the agent refuses data for so long: its worker is not up yet. */
  readonly notReadyMs: number;
  /** Lost messages are repeated all at once; AWS's agent repeats the oldest alone. */
  readonly resendAll: boolean;
  /** The same order of faults each time. */
  readonly seed: number;
}

export const noFaults: ChannelFaults = {
  drop: 0,
  duplicate: 0,
  reorder: 0,
  delayMs: 0,
  cutAfterBytes: 0,
  cuts: Number.MAX_SAFE_INTEGER,
  silentAfterBytes: 0,
  agentPaceMs: 0,
  agentTakesMs: 0,
  notReadyMs: 0,
  resendAll: false,
  seed: 1,
};

/** Numbers in [0, 1) that a seed determines (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** One direction of a socket, through which messages pass or don't. */
export class FaultyPath implements Disposable {
  readonly #faults: ChannelFaults;
  readonly #random: () => number;
  readonly #pass: (message: Buffer) => void;
  readonly #timers = new Set<NodeJS.Timeout>();

  constructor(faults: ChannelFaults, seed: number, pass: (message: Buffer) => void) {
    this.#faults = faults;
    this.#random = seededRandom(seed);
    this.#pass = pass;
  }

  send(message: Buffer): void {
    const { drop, duplicate, reorder, delayMs } = this.#faults;
    if (drop > 0 && this.#random() < drop) return;
    const late = reorder > 0 && this.#random() < reorder ? 2 + Math.floor(this.#random() * 10) : 0;
    this.#later(message, delayMs + late);
    if (duplicate > 0 && this.#random() < duplicate) this.#later(message, delayMs);
  }

  [Symbol.dispose](): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }

  #later(message: Buffer, milliseconds: number): void {
    if (milliseconds === 0) {
      this.#pass(message);
      return;
    }
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.#pass(message);
    }, milliseconds);
    this.#timers.add(timer);
  }
}
