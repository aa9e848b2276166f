import type { Style } from '../../terminal/style.ts';

export interface PromptFacts {
  /** The target, e.g. `prod-wealth`. */
  readonly name: string;
  readonly production: boolean;
  readonly readOnly: boolean;
  /** From the statement reader. */
  readonly mark: string;
  /** From ReadyForQuery: I idle, T in a transaction, E in a failed one. */
  readonly transaction: string | null;
}

/** As psql's: `dev RW=> `, `dev RW-> ` on the next line, `dev RW=*> ` in a transaction, `dev RW=!> ` in a failed one. */
export function promptText(facts: PromptFacts, style: Style): string {
  const { name, production, readOnly, mark, transaction } = facts;
  const state = transaction === 'T' ? '*' : transaction === 'E' ? '!' : '';
  const text = `${name} ${readOnly ? 'RO' : 'RW'}${mark}${state}>`;
  return `${production ? style.danger(text) : style.bold(text)} `;
}
