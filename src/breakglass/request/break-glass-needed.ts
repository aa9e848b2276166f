import type { BreakGlass } from '../../config/break-glass.ts';
import { ForgeError } from '../../errors.ts';
import { type AccessWish, askLine, findWish } from './ask-line.ts';

/** Production was refused, and the organisation's configuration may know how it is asked for. */
export class BreakGlassNeeded extends ForgeError {
  /** Undefined: forge.yaml grants nothing there. */
  readonly wish: AccessWish | undefined;
  /** Name in forge.yaml. */
  readonly environment: string;

  /** `denial`: why standing access, which others have, is none of this person's; undefined: nobody has any. */
  constructor(
    breakGlass: BreakGlass | undefined,
    environment: { readonly name: string },
    purpose: string,
    denial?: ForgeError,
  ) {
    const wish = findWish(breakGlass, environment, purpose);
    super('denied', denial?.message ?? `No one has standing access to ${environment.name}.`, {
      code: 'BREAK_GLASS_NEEDED',
      hint: [wish === undefined ? elsewhere : askLine(wish), denial?.hint].filter(Boolean).join('\n'),
      cause: denial,
    });
    this.wish = wish;
    this.environment = environment.name;
  }
}

const elsewhere =
  'Ask for break-glass as your organisation does it: forge.yaml has no tier (break_glass.tiers) that grants it.';
