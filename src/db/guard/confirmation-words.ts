import { closeSync, openSync, readdirSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileFailure } from '../../files/file-failure.ts';
import { ensurePrivateDirectory } from '../../files/private-directory.ts';
import type { Host } from '../../host.ts';

export interface WordParts {
  /** Of this person alone. */
  readonly folder: string;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** A few characters that nobody guesses or has in a script: hexadecimal. */
  readonly random: () => string;
}

const validMs = 5 * 60_000;
const most = 100;
const form = /^([0-9a-f]{64})\.([0-9a-z]{1,32})\.(\d{1,15})$/;

/**
 * Words that were given out, each for the SHA-256 of one text. An empty file each, named for it: the next forge knows it,
 * too, and of all that take it one gets it.
 */
export class ConfirmationWords {
  readonly #parts: WordParts;

  private constructor(parts: WordParts) {
    this.#parts = parts;
  }

  static async open(host: Pick<Host, 'platform' | 'userId'>, parts: WordParts): Promise<ConfirmationWords> {
    await ensurePrivateDirectory(host, parts.folder);
    return new ConfirmationWords(parts);
  }

  /** The word for it, where one was given out and is good. */
  find(key: string): string | undefined {
    return this.#list().find((one) => one.key === key && one.good)?.word;
  }

  /** @throws ForgeError when it can't be kept */
  add(key: string): string {
    const listed = this.#list();
    // The oldest go first; those of a clock that was set back would stay.
    const old = listed.filter(({ good }) => !good);
    const many = listed.filter(({ good }) => good).slice(most - 1);
    for (const { name } of [...old, ...many]) this.#remove(name);
    const { folder, now, random } = this.#parts;
    const word = random();
    const path = join(folder, `${key}.${word}.${now() + validMs}`);
    try {
      closeSync(openSync(path, 'wx', 0o600));
    } catch (error) {
      throw fileFailure(error, 'write', path);
    }
    return word;
  }

  /** Uses it up. False: somebody else has, or there was none. */
  take(key: string): boolean {
    return this.#list()
      .filter((one) => one.key === key && one.good)
      .map(({ name }) => this.#remove(name))
      .includes(true);
  }

  /** The latest first. */
  #list() {
    const { folder, now } = this.#parts;
    const at = now();
    return namesIn(folder)
      .flatMap((name) => {
        const [, key, word, until] = form.exec(name) ?? [];
        if (key === undefined || word === undefined) return [];
        const left = Number(until) - at;
        return [{ name, key, word, left, good: left > 0 && left <= validMs }];
      })
      .sort((one, other) => other.left - one.left);
  }

  #remove(name: string): boolean {
    try {
      unlinkSync(join(this.#parts.folder, name));
      return true;
    } catch {
      return false;
    }
  }
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
