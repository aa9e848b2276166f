import { createHash } from 'node:crypto';
import { sqlPieces } from '../proxy/sql-pieces.ts';

export interface ConfirmationParts {
  /** What is written to, as the person types it. */
  readonly target: string;
  /** Milliseconds of a clock that only goes forward. */
  readonly now: () => number;
  /** A few characters that nobody guesses or has in a script. */
  readonly random: () => string;
}

const validMs = 5 * 60_000;
const most = 100;
const said = /^\/\*\s*forge:confirm=(\S+)\s*\*\/$/;

/** Words with which a person says that they mean it: each for one text, one time, within five minutes. */
export class Confirmations {
  readonly #parts: ConfirmationParts;
  readonly #words = new Map<string, { readonly word: string; readonly until: number }>();

  constructor(parts: ConfirmationParts) {
    this.#parts = parts;
  }

  /** The word for this text: the same until it is used or too old. */
  ask(sql: string): string {
    const { key } = read(sql);
    const now = this.#parts.now();
    const known = this.#words.get(key);
    if (known !== undefined && known.until > now) return known.word;
    if (this.#words.size >= most) this.#words.delete(this.#words.keys().next().value ?? '');
    const word = `${this.#parts.target}-${this.#parts.random()}`;
    this.#words.set(key, { word, until: now + validMs });
    return word;
  }

  /** Whether the text carries its word. */
  isConfirmed(sql: string): boolean {
    const { key, words } = read(sql);
    const known = this.#words.get(key);
    return known !== undefined && known.until > this.#parts.now() && words.includes(known.word);
  }

  /** It is run now: the word is used up. */
  use(sql: string): void {
    this.#words.delete(read(sql).key);
  }
}

/** The text without its confirmations and without what white space around them, and a last semicolon, change. */
function read(sql: string): { readonly key: string; readonly words: readonly string[] } {
  const words: string[] = [];
  let text = '';
  for (const piece of sqlPieces(sql) ?? [{ kind: 'other', text: sql }]) {
    const word = piece.kind === 'comment' ? said.exec(piece.text)?.[1] : undefined;
    if (word !== undefined) words.push(word);
    else if (piece.kind === 'space') text += text.endsWith(' ') ? '' : ' ';
    else text += piece.text;
  }
  const key = createHash('sha256')
    .update(text.trim().replace(/[\s;]+$/, ''))
    .digest('base64url');
  return { key, words };
}
