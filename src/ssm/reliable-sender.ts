import { RoundTrip } from './round-trip.ts';

export interface SenderLimits {
  /** Messages that may be unacknowledged: at first, at least and at most. */
  readonly window: { readonly start: number; readonly least: number; readonly most: number };
  /** Of one message without acknowledgement, milliseconds; time without a socket or agent does not count. */
  readonly giveUpAfter: number;
  /** Of one message without acknowledgement, and of the agent altogether: then it counts as away, milliseconds. */
  readonly silentAfter: number;
}

export const defaultSenderLimits: SenderLimits = {
  window: { start: 64, least: 16, most: 1_024 },
  giveUpAfter: 5 * 60_000,
  silentAfter: 30_000,
};

interface Unacknowledged {
  readonly sequence: number;
  /** Repeated as they are: same id, same date. */
  readonly bytes: Buffer;
  readonly firstSentAt: number;
  sentAt: number;
  copies: number;
}

/** Power of two. The oldest gap may be this far behind the newest message. */
const ringSize = 4_096;
/** An acknowledgement of a message so much younger says that an unanswered one is lost, and not merely overtaken. */
const overtaking = 32;
const burst = 64;
/** Growth of the window in one round trip: until the first loss, and afterwards. */
const growth = { untried: 64, afterLoss: 16 } as const;

/**
 * The sending half of the numbered stream, without sockets or timers: it is told what is sent and acknowledged, and
 * says what may be sent and must be repeated. Times are milliseconds of one monotonic clock. The protocol has no
 * window; this one is clocked by acknowledgements and keeps both ends' memory bounded.
 */
export class ReliableSender {
  readonly #limits: SenderLimits;
  readonly #roundTrip = new RoundTrip();
  readonly #ring: (Unacknowledged | undefined)[] = new Array(ringSize).fill(undefined);
  /** The lowest number without acknowledgement, or `next`. */
  #oldest = 0;
  #next = 0;
  #inFlight = 0;
  #window: number;
  #step: number = growth.untried;
  /** Losses of messages below it belong to one event: the window is halved once for it. */
  #recovering = 0;
  /** All below it have been looked at for having been overtaken. */
  #examined = 0;
  #lost: Unacknowledged[] = [];
  /** Something was repeated and nothing has been heard since. */
  #probing = false;
  #suspendedAt: number | undefined;
  #suspended = 0;
  #resent = 0;

  constructor(limits: SenderLimits = defaultSenderLimits) {
    this.#limits = limits;
    this.#window = limits.window.start;
  }

  /** The number of the next message. */
  get next(): number {
    return this.#next;
  }

  get hasRoom(): boolean {
    return this.#inFlight < this.#window && this.#next - this.#oldest < ringSize;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  get window(): number {
    return Math.floor(this.#window);
  }

  get resent(): number {
    return this.#resent;
  }

  get roundTrip(): number | undefined {
    return this.#roundTrip.smoothed;
  }

  get timeout(): number {
    return this.#roundTrip.timeout;
  }

  /** Some message is known to be lost; `due` gives it. */
  get knowsLoss(): boolean {
    return this.#lost.length > 0;
  }

  /** The message numbered `next` has been handed to the socket. */
  sent(bytes: Buffer, now: number): void {
    if (this.#next - this.#oldest >= ringSize) throw new RangeError('The window is full');
    const time = this.#active(now);
    const sequence = this.#next++;
    this.#ring[sequence % ringSize] = { sequence, bytes, firstSentAt: time, sentAt: time, copies: 1 };
    this.#inFlight++;
  }

  /** False for numbers that are unknown or acknowledged already. Any order will do. */
  acknowledge(sequence: number, now: number): boolean {
    const found = sequence < this.#oldest || sequence >= this.#next ? undefined : this.#at(sequence);
    if (found === undefined) return false;
    this.#ring[sequence % ringSize] = undefined;
    const limited = this.#inFlight >= this.#window / 2;
    this.#inFlight--;
    this.#probing = false;
    while (this.#oldest < this.#next && this.#at(this.#oldest) === undefined) this.#oldest++;
    if (found.copies === 1) {
      this.#roundTrip.sample(this.#active(now) - found.sentAt);
      this.#findOvertaken(sequence - overtaking);
    }
    if (limited && sequence >= this.#recovering && !this.#roundTrip.queueing) {
      this.#window = Math.min(this.#limits.window.most, this.#window + this.#step / this.#window);
    }
    return true;
  }

  /**
   * What is to be sent again now: what was overtaken, and what is older than the timeout; of the latter only the
   * oldest while nothing is heard. Call it on a tick of some 50 ms and whenever `knowsLoss`.
   */
  due(now: number): Buffer[] {
    if (this.#suspendedAt !== undefined) return [];
    const time = this.#active(now);
    const again = this.#lost.filter((one) => this.#at(one.sequence) === one && one.copies === 1);
    this.#lost = [];
    const overtaken = again.length;
    const { timeout } = this.#roundTrip;
    const last = this.#probing ? this.#oldest + 1 : this.#next;
    for (let sequence = this.#oldest; sequence < last && again.length < burst; sequence++) {
      const one = this.#at(sequence);
      if (one !== undefined && time - one.sentAt >= timeout && !again.includes(one)) again.push(one);
    }
    if (again.length > overtaken) {
      this.#roundTrip.backOff();
      this.#probing = true;
    }
    if (again.some((one) => one.sequence >= this.#recovering)) {
      this.#window = Math.max(this.#limits.window.least, this.#window / 2);
      this.#recovering = this.#next;
      this.#step = growth.afterLoss;
    }
    return this.#repeat(again, time);
  }

  /** For a new socket: everything that nobody has acknowledged, oldest first. */
  everything(now: number): Buffer[] {
    return this.#repeat(this.#unacknowledged(), this.#active(now));
  }

  /** For an agent that is back: the oldest, at once. */
  oldest(now: number): Buffer[] {
    const one = this.#at(this.#oldest);
    return one === undefined ? [] : this.#repeat([one], this.#active(now));
  }

  /** The peer is away: nothing is repeated, and its silence is not held against it. */
  suspend(now: number): void {
    this.#suspendedAt ??= now;
  }

  resume(now: number): void {
    if (this.#suspendedAt === undefined) return;
    this.#suspended += Math.max(0, now - this.#suspendedAt);
    this.#suspendedAt = undefined;
    this.#probing = false;
  }

  hasGivenUp(now: number): boolean {
    return this.#unansweredFor(now) >= this.#limits.giveUpAfter;
  }

  /** `heardAt`: when the agent last said anything at all. */
  isUnanswered(now: number, heardAt: number): boolean {
    return Math.min(this.#unansweredFor(now), now - heardAt) >= this.#limits.silentAfter;
  }

  #unansweredFor(now: number): number {
    const head = this.#at(this.#oldest);
    return head === undefined ? 0 : this.#active(now) - head.firstSentAt;
  }

  #active(now: number): number {
    return (this.#suspendedAt ?? now) - this.#suspended;
  }

  #at(sequence: number): Unacknowledged | undefined {
    return this.#ring[sequence % ringSize];
  }

  #unacknowledged(): Unacknowledged[] {
    const found: Unacknowledged[] = [];
    for (let sequence = this.#oldest; sequence < this.#next; sequence++) {
      const one = this.#at(sequence);
      if (one !== undefined) found.push(one);
    }
    return found;
  }

  #findOvertaken(before: number): void {
    for (let sequence = Math.max(this.#examined, this.#oldest); sequence < before; sequence++) {
      const one = this.#at(sequence);
      if (one !== undefined && one.copies === 1) this.#lost.push(one);
    }
    this.#examined = Math.max(this.#examined, before);
  }

  #repeat(messages: readonly Unacknowledged[], time: number): Buffer[] {
    for (const one of messages) {
      one.sentAt = time;
      one.copies++;
    }
    this.#resent += messages.length;
    return messages.map((one) => one.bytes);
  }
}
