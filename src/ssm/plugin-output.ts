/** What the plugin itself said around a command's output. */
export interface PluginEnding {
  /** Of the command; undefined: the plugin ended without one. */
  readonly exitCode: number | undefined;
  /** What the service said on why the session ended; empty for an ordinary end. */
  readonly said: string;
}

/** Longer than anything that the plugin says at the end: the service's reason is a sentence. */
const mostKept = 4_096;

/**
 * The plugin writes everything to stdout: a line before, the command's output, its exit code and a line after. This
 * takes its own words away. What is written is held back by a few KiB, for the end is known only once it has come.
 */
export class PluginOutput {
  readonly #sessionId: string;
  readonly #write: (bytes: Buffer) => Promise<void>;
  #held: Buffer = Buffer.alloc(0);
  #begun = false;

  constructor(sessionId: string, write: (bytes: Buffer) => Promise<void>) {
    this.#sessionId = sessionId;
    this.#write = write;
  }

  async push(bytes: Buffer): Promise<void> {
    this.#held = Buffer.concat([this.#held, bytes]);
    this.#takeGreeting(false);
    const ready = this.#begun ? this.#held.length - mostKept : 0;
    if (ready <= 0) return;
    const out = this.#held.subarray(0, ready);
    this.#held = this.#held.subarray(ready);
    await this.#write(out);
  }

  /** Writes the rest of the command's output. */
  async end(): Promise<PluginEnding> {
    this.#takeGreeting(true);
    // One byte, one character: the output itself may be anything.
    let text = this.#held.toString('latin1');
    const id = this.#sessionId.replace(/[^\w-]/g, '\\$&');
    const farewell = new RegExp(
      `(?:\\n\\nExiting session with sessionId: ${id}\\.\\n\\n|\\n\\nSessionId: ${id} : (?<said>[\\s\\S]*?)\\n\\n)$`,
    ).exec(text);
    if (farewell !== null) text = text.slice(0, farewell.index);
    const code = /EXIT_CODE: (\d{1,10})$/.exec(text);
    if (code !== null) text = text.slice(0, code.index);
    this.#held = Buffer.alloc(0);
    if (text !== '') await this.#write(Buffer.from(text, 'latin1'));
    const said = Buffer.from(farewell?.groups?.said ?? '', 'latin1').toString('utf8');
    return { exitCode: code === null ? undefined : Number(code[1]), said };
  }

  #takeGreeting(ended: boolean): void {
    if (this.#begun) return;
    const greeting = Buffer.from(`\nStarting session with SessionId: ${this.#sessionId}\n`);
    const come = this.#held.subarray(0, greeting.length);
    if (come.length < greeting.length && !ended) {
      // It may still become the greeting.
      if (greeting.subarray(0, come.length).equals(come)) return;
    } else if (come.equals(greeting)) {
      this.#held = this.#held.subarray(greeting.length);
    }
    this.#begun = true;
  }
}
