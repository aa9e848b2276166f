/** What the person asks of forge itself, between the bytes that go to the instance. */
export type EscapeAction = 'leave' | 'help';

export interface Typed {
  readonly bytes: Uint8Array;
  readonly action: EscapeAction | undefined;
}

const tilde = 0x7e;
const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const actions: ReadonlyMap<number, EscapeAction> = new Map([
  [0x2e, 'leave'],
  [0x3f, 'help'],
]);
/** A keyboard sends a byte or a few at a time. What comes in bulk is pasted, and a pasted `~.` is text. */
const mostTyped = 8;

/**
 * `~.`, `~?` and `~~` at the start of a line, as ssh has them: the tilde is held back until the next key says what
 * it was. Everything else passes unchanged.
 */
export class EscapeSequence {
  #lineStart = true;
  #held = false;

  push(input: Uint8Array): Typed {
    if (input.length > mostTyped) return { bytes: this.#pass(input), action: undefined };
    const bytes: number[] = [];
    for (const byte of input) {
      if (this.#held) {
        this.#held = false;
        const action = actions.get(byte);
        if (action !== undefined) {
          this.#lineStart = true;
          return { bytes: Uint8Array.from(bytes), action };
        }
        bytes.push(tilde);
        this.#lineStart = false;
        if (byte === tilde) continue;
      } else if (byte === tilde && this.#lineStart) {
        this.#held = true;
        continue;
      }
      bytes.push(byte);
      this.#lineStart = byte === carriageReturn || byte === lineFeed;
    }
    return { bytes: Uint8Array.from(bytes), action: undefined };
  }

  #pass(input: Uint8Array): Uint8Array {
    const last = input.at(-1);
    this.#lineStart = last === carriageReturn || last === lineFeed;
    if (!this.#held) return input;
    this.#held = false;
    return Buffer.concat([Uint8Array.of(tilde), input]);
  }
}

export const escapeHelp = [
  'At the start of a line:',
  '  ~.   leave the session, also one that hangs',
  '  ~?   this text',
  '  ~~   a tilde',
].join('\n');
