import { ForgeError } from '../errors.ts';
import { quotePosix } from '../lib/quote-posix.ts';

/**
 * What follows `--`, as a shell on the instance shall read it: one word is a line of shell (`"ps | wc -l"`), several
 * are a program and its arguments, none of which means anything to the shell. Throws usage.
 */
export function shellScript(words: readonly string[]): string {
  const [first = '', ...rest] = words;
  if (first.trim() === '') {
    throw new ForgeError('usage', 'There is no command to run.', {
      code: 'COMMAND_NEEDED',
      hint: 'It follows --, e.g. forge ssm run dev/web-1 -- uptime',
    });
  }
  return rest.length === 0 ? first : words.map(quotePosix).join(' ');
}

/**
 * The same for a document that splits words itself and starts a program without a shell: `sh -c` and the script as
 * one word, in single quotes, in which no splitter finds anything to interpret.
 */
export function shellCommand(script: string): string {
  return `sh -c ${quotePosix(script)}`;
}

/** The same for PowerShell, on Windows instances. */
export function powerShellScript(words: readonly string[]): string {
  const [first = '', ...rest] = words;
  if (rest.length === 0) return first;
  return `& ${words.map((word) => `'${word.replace(/['\u2018\u2019\u201a\u201b]/g, '$&$&')}'`).join(' ')}`;
}
