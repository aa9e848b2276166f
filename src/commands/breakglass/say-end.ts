import type { SessionEnd } from '../../breakglass/session/run-session.ts';
import type { Context } from '../../context.ts';
import { isAsked } from './ask-summary.ts';

/**
 * How it ended, in words. Where that is a failure, its first sentence is the failure's own, and comes last of all: it is
 * said here too where a question comes before it (`then`), for nobody can say what was done who wonders what happened.
 */
export function sayEnd(
  { output, prompt }: Pick<Context, 'output' | 'prompt'>,
  { ending, sentences }: SessionEnd,
  then: 'asks' | 'fails' = 'asks',
): void {
  const asWished = ending.why === 'finished' || ending.why === 'ended';
  const asked = then === 'asks' && prompt.possible && isAsked(ending);
  for (const sentence of asWished || asked ? sentences : sentences.slice(1)) output.note(sentence);
}
