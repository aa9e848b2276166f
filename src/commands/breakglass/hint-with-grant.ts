import { ForgeError } from '../../errors.ts';

/** Commands that go to a target, whose first words a hint has: `forge db check`, `forge ssm`. */
const command = 'forge (?:(?:db|ssm|kube) [a-z-]+|ssm|exec|env|credentials|console)';

/**
 * What a refusal says to type for the same environment is refused, too, without the grant that this command was typed with:
 * so the hint names it. Lines of other commands, and those that name one, stay as they are.
 */
export function hintWithGrant(error: ForgeError, words: readonly string[], grant: string): ForgeError {
  const { kind, message, code, exitCode, cause, hint } = error;
  // Whatever it is: it is shown as something to type.
  if (hint === undefined || !/^[\w-]+$/.test(grant)) return error;
  const names = words.flatMap((word) => /^\w[\w-]*/.exec(word) ?? []);
  const place = new RegExp(String.raw`(${command})(?= (?:<|(?:${names.join('|') || '<'})(?![\w-])))`, 'g');
  const lines = hint
    .split('\n')
    .map((line) => (line.includes('--grant') ? line : line.replace(place, `$1 --grant ${grant}`)));
  return new ForgeError(kind, message, { code, hint: lines.join('\n'), exitCode, cause });
}
