import type { Context } from '../../context.ts';
import { Confirmations } from '../../db/guard/confirmations.ts';
import { openWords } from '../../db/guard/open-words.ts';
import { planWrite } from '../../db/guard/plan-write.ts';
import { riskWords } from '../../db/guard/write-guard.ts';
import { assertMayConfirm } from '../../db/write-guard.ts';
import { ForgeError } from '../../errors.ts';

export interface ConfirmedQuery {
  /** As if --confirm had said it: undefined: the person is asked for the target's name. */
  readonly confirm: string | undefined;
  /** For the rails: the word that goes with the text. */
  readonly said: readonly string[];
  /** To be shown with the question. */
  readonly risks: readonly string[];
  readonly transaction: boolean;
}

/**
 * A script for production, before anything is opened. What it would hit without a limit is asked about: a person at a
 * terminal types the target's name once more, a script says the word that the refusal before has given it.
 * @throws usage CONFIRM_NEEDED, CONFIRM_MISMATCH, CONFIRM_STATEMENT, OWN_COMMIT
 */
export async function confirmQuery(
  { host, prompt }: Pick<Context, 'host' | 'prompt'>,
  name: string,
  sql: string,
  { confirm, maxRows }: { readonly confirm: string | undefined; readonly maxRows: number | undefined },
): Promise<ConfirmedQuery> {
  const request = { name, production: true, write: true };
  // A word is the target's name with something behind it, as another target's name could be: it counts as a word alone.
  const word = confirm?.startsWith(`${name}-`) ? confirm : undefined;
  if (word === undefined) assertMayConfirm(prompt, request, confirm);
  const { risks, transaction } = await planWrite(sql, maxRows);
  if (risks.length === 0) {
    assertMayConfirm(prompt, request, confirm);
    return { confirm, said: [], risks, transaction };
  }
  const words = { target: name, words: await openWords(host) };
  const said = word === undefined ? [] : [word];
  if (new Confirmations({ ...words, said }).isConfirmed(sql))
    return { confirm: name, said, risks, transaction };
  const next = new Confirmations(words).ask(sql);
  if (prompt.possible && word === undefined) return { confirm: undefined, said: [next], risks, transaction };
  throw new ForgeError('usage', `Not sent, for ${name} is production: ${riskWords(risks)}.`, {
    code: 'CONFIRM_STATEMENT',
    hint: `If that is what you mean: --confirm ${next} (for this text, once, within 5 minutes)`,
  });
}
