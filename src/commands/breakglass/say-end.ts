import type { SessionEnd } from '../../breakglass/session/run-session.ts';
import type { Context } from '../../context.ts';

/** How it ended, in words; where that is a failure, its first sentence is the failure's own. */
export function sayEnd({ output }: Pick<Context, 'output'>, { ending, sentences }: SessionEnd): void {
  const asWished = ending.why === 'finished' || ending.why === 'ended';
  for (const sentence of asWished ? sentences : sentences.slice(1)) output.note(sentence);
}
