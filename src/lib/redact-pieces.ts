import { redact, secretBeginning } from './secret.ts';

/** So many characters of a secret tell nothing: they are not waited for, so that the rest is not late. */
const harmless = 3;

/**
 * `redact` for text that comes in pieces: a secret that is cut by the pieces is masked too. What may be the beginning
 * of one is held back until more comes.
 */
export class RedactPieces {
  /** May begin a secret. */
  #held = '';
  /** How much of it was given out. */
  #given = 0;

  push(piece: string): string {
    const whole = redact(this.#held + piece);
    // A secret that is whole now is masked from its first character on.
    if (!whole.startsWith(this.#held.slice(0, this.#given))) this.#given = 0;
    const beginning = secretBeginning(whole);
    const end = whole.length - (beginning > harmless ? beginning : 0);
    const passed = whole.slice(this.#given, end);
    const from = whole.length - beginning;
    this.#held = whole.slice(from);
    this.#given = Math.max(0, Math.max(end, this.#given) - from);
    return passed;
  }

  /** What was held back, when nothing comes any more. */
  end(): string {
    const rest = this.#held.slice(this.#given);
    this.#held = '';
    this.#given = 0;
    return rest;
  }
}
