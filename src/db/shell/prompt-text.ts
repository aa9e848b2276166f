import type { Style } from '../../terminal/style.ts';

export interface PromptFacts {
  /** The target, e.g. `prod-wealth`. */
  readonly name: string;
  readonly production: boolean;
  /** From the statement reader. */
  readonly mark: string;
  /** From ReadyForQuery: I idle, T in a transaction, E in a failed one. */
  readonly transaction: string | null;
}

/** As psql's: `dev=> `, `dev-> ` on the next line, `dev=*> ` in a transaction, `dev=!> ` in a failed one. */
export function promptText({ name, production, mark, transaction }: PromptFacts, style: Style): string {
  const state = transaction === 'T' ? '*' : transaction === 'E' ? '!' : '';
  const text = `${name}${mark}${state}>`;
  return `${production ? style.danger(text) : style.bold(text)} `;
}
