import { ForgeError } from '../errors.ts';
import type { Prompt, Question } from './prompt.ts';

/** Nobody is there: each question fails, and names the flag that answers it. */
export const refusingPrompt: Prompt = {
  possible: false,
  text: refuse,
  secret: refuse,
  confirm: refuse,
  select: refuse,
};

async function refuse(question: Question): Promise<never> {
  throw new ForgeError('usage', `Can't ask "${question.message}" without a terminal.`, {
    code: 'INPUT_NEEDED',
    hint: `Answer with ${question.flag}.`,
  });
}
