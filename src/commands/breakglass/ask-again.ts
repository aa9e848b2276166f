import type { Context } from '../../context.ts';
import { ForgeError } from '../../errors.ts';

/** So often is one question asked: who is still wrong then needs what the error says, not the question. */
const most = 3;

/** What is typed and `check` accepts; what it refuses as wrong is said, and asked for anew. Throws the last refusal. */
export async function askAgain<Value>(
  { prompt, output }: Pick<Context, 'prompt' | 'output'>,
  question: { readonly message: string; readonly flag: string },
  check: (typed: string) => Value,
): Promise<Value> {
  for (let count = 1; ; count++) {
    const typed = await prompt.text(question);
    try {
      return check(typed);
    } catch (error) {
      if (count === most || !(error instanceof ForgeError) || error.kind !== 'usage') throw error;
      output.warn(error.message);
    }
  }
}
