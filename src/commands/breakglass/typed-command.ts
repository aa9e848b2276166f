import { quotePosix } from '../../lib/quote-posix.ts';

/** A command as it was typed, to be run or shown once more. */
export interface TypedCommand {
  /** Words of the command: `db connect`. */
  readonly path: string;
  /** What followed them, up to `--`. */
  readonly words: readonly string[];
  /** What followed `--`; undefined without one. */
  readonly rest: readonly string[] | undefined;
}

/** Without `forge`; `more` goes before `--`. */
export function typedWords({ path, words, rest }: TypedCommand, more: readonly string[] = []): string[] {
  return [...path.split(' '), ...words, ...more, ...(rest === undefined ? [] : ['--', ...rest])];
}

/** The line for a shell, within `grant`. */
export const grantLine = (typed: TypedCommand, grant: string): string =>
  shellLine(typedWords(typed, ['--grant', grant]));

/** With `forge` before it. */
export function shellLine(words: readonly string[]): string {
  const plain = /^[\w@%+=:,./-]+$/;
  return ['forge', ...words.map((word) => (plain.test(word) ? word : quotePosix(word)))].join(' ');
}
