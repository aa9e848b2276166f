import type { BreakGlassNeeded } from '../../breakglass/request/break-glass-needed.ts';
import type { Context } from '../../context.ts';
import { askForLater } from './ask-for-later.ts';
import { offerAccess } from './offer-access.ts';
import { type TypedCommand, typedWords } from './typed-command.ts';
import { useGrant } from './use-grant.ts';

/**
 * What production refuses can go on in three ways: within a grant that is named; at a terminal by asking, waiting and
 * going on at once; and without one by asking now and coming back with `--grant`. Consent to ask is never guessed:
 * it is a yes at the terminal, or a ticket and a reason on the command line. Not in variables, which scripts hand on.
 */
export async function goOnWithGrant(
  context: Context,
  refusal: BreakGlassNeeded,
  typed: TypedCommand,
  reason: string | undefined,
): Promise<number> {
  const { grant, ticket } = context.globals;
  if (grant !== undefined) return useGrant(context, refusal, typed, grant);
  if (context.prompt.possible) return offerAccess(context, refusal, typedWords(typed), reason);
  if (ticket === undefined || reason === undefined) throw refusal;
  return askForLater(context, refusal, typed, { ticket, reason });
}
