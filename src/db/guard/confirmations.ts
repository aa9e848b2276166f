import { createHash } from 'node:crypto';
import { sqlPieces } from '../proxy/sql-pieces.ts';
import type { ConfirmationWords } from './confirmation-words.ts';

export interface ConfirmationParts {
  /** What is written to, as the person types it. */
  readonly target: string;
  readonly words: ConfirmationWords;
  /** Said elsewhere than in the text: --confirm. */
  readonly said?: readonly string[] | undefined;
}

const comment = /^\/\*\s*forge:confirm=(\S+)\s*\*\/$/;

/** Words with which a person says that they mean it: each for one text on one target, one time, within five minutes. */
export class Confirmations {
  readonly #target: string;
  readonly #words: ConfirmationWords;
  readonly #said: readonly string[];

  constructor({ target, words, said = [] }: ConfirmationParts) {
    this.#target = target;
    this.#words = words;
    this.#said = said;
  }

  /** The word for this text: the same until it is used or too old. Throws when it can't be kept. */
  ask(sql: string): string {
    const { key } = this.#read(sql);
    return this.#full(this.#words.find(key) ?? this.#words.add(key));
  }

  /** Whether its word was said, in the text or beside it. */
  isConfirmed(sql: string): boolean {
    const { key, said } = this.#read(sql);
    const word = this.#words.find(key);
    return word !== undefined && [...said, ...this.#said].includes(this.#full(word));
  }

  /** It is run now: the word is used up. False: another forge was first. */
  use(sql: string): boolean {
    return this.#words.take(this.#read(sql).key);
  }

  #full(word: string): string {
    return `${this.#target}-${word}`;
  }

  /** The text without its confirmations and without what white space around them, and a last semicolon, change. */
  #read(sql: string): { readonly key: string; readonly said: readonly string[] } {
    const said: string[] = [];
    let text = '';
    for (const piece of sqlPieces(sql) ?? [{ kind: 'other', text: sql }]) {
      const word = piece.kind === 'comment' ? comment.exec(piece.text)?.[1] : undefined;
      if (word !== undefined) said.push(word);
      else if (piece.kind === 'space') text += text.endsWith(' ') ? '' : ' ';
      else text += piece.text;
    }
    const key = createHash('sha256')
      .update(`${this.#target}\n${text.trim().replace(/[\s;]+$/, '')}`)
      .digest('hex');
    return { key, said };
  }
}
