import type { BreakGlassNeeded } from '../../breakglass/request/break-glass-needed.ts';
import type { Context } from '../../context.ts';
import { requestAccess } from './request.ts';

/**
 * From denied to in, in one command: at a terminal, what was refused can be asked for on the spot, and goes on where it
 * was once somebody has approved. `line`: the command's words, without `forge`.
 */
export async function offerAccess(
  context: Context,
  refusal: BreakGlassNeeded,
  line: readonly string[],
  reason: string | undefined,
): Promise<number> {
  const { wish } = refusal;
  if (wish === undefined) throw refusal;
  const { prompt, globals, host } = context;
  const what = wish.scenario === undefined ? '' : ` (${wish.scenario})`;
  const message = `${refusal.message} Ask for break-glass access${what} now?`;
  if (!(await prompt.confirm({ message, flag: refusal.hint ?? 'forge breakglass', default: 'yes' })))
    throw refusal;
  const { node, script } = host.program;
  return requestAccess(
    { ...context, globals: { ...globals, env: wish.environment } },
    {
      tier: wish.tier.name,
      ...(wish.scenario === undefined ? {} : { scenario: wish.scenario }),
      ...(reason === undefined ? {} : { reason }),
      ...(globals.ticket === undefined ? {} : { ticket: globals.ticket }),
      // It only opens a page: what is done there comes after it.
      ...(line[0] === 'console' ? { keep: true } : {}),
    },
    [node, script, ...line],
  );
}
