import { ownBytes } from '../lib/own-bytes.ts';

/** Messages and bytes kept for their turn. */
export interface ReorderLimits {
  readonly messages: number;
  readonly bytes: number;
}

export const defaultReorderLimits: ReorderLimits = { messages: 8_192, bytes: 8 * 1024 * 1024 };

/**
 * `next`: it is its turn. `early`: to be held; acknowledge it. `old`: acknowledge it again, or its sender repeats it
 * for ever. `refused`: no room; the sender will repeat it.
 */
export type Verdict = 'next' | 'early' | 'old' | 'refused';

/** The receiving half of the numbered stream: order, duplicates and a bounded buffer for what came too early. */
export class ReliableReceiver<Message extends { readonly payload: Uint8Array }> {
  readonly #limits: ReorderLimits;
  readonly #held = new Map<number, Message>();
  #heldBytes = 0;
  #expected = 0;

  constructor(limits: ReorderLimits = defaultReorderLimits) {
    this.#limits = limits;
  }

  get expected(): number {
    return this.#expected;
  }

  get heldMessages(): number {
    return this.#held.size;
  }

  /** Keeps an early message by itself; what is `next` waits for `advance`, and is next again until then. */
  receive(sequence: number, message: Message): Verdict {
    if (sequence < this.#expected || this.#held.has(sequence)) return 'old';
    if (sequence === this.#expected) return 'next';
    const tooMany = this.#held.size >= this.#limits.messages;
    if (tooMany || this.#heldBytes + message.payload.length > this.#limits.bytes) return 'refused';
    this.#held.set(sequence, { ...message, payload: ownBytes(message.payload) });
    this.#heldBytes += message.payload.length;
    return 'early';
  }

  /** The expected message has been taken in. Gives the one after it, if that has come already. */
  advance(): Message | undefined {
    this.#expected++;
    const following = this.#held.get(this.#expected);
    if (following === undefined) return undefined;
    this.#held.delete(this.#expected);
    this.#heldBytes -= following.payload.length;
    return following;
  }
}
