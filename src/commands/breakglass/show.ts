import { requesterAccount } from '../../breakglass/access-account.ts';
import { type FoundSession, findBesideRequests } from '../../breakglass/beside-requests.ts';
import type { BreakGlassPlace } from '../../breakglass/break-glass-place.ts';
import { reviewLines, reviewRequest } from '../../breakglass/decide/review-request.ts';
import { lookPlan } from '../../breakglass/plan-steps.ts';
import { findRequest } from '../../breakglass/request/find-request.ts';
import { loadRequest } from '../../breakglass/request/load-request.ts';
import { requestFacts, statusLines } from '../../breakglass/request/request-facts.ts';
import { rowFacts } from '../../breakglass/session-row.ts';
import { defineCommand } from '../../command.ts';
import type { Context } from '../../context.ts';
import { changeText } from '../../db/change/change-lines.ts';
import { ForgeError } from '../../errors.ts';
import type { IdentityParts } from '../../identity/identity-parts.ts';
import { breakGlassParts } from './break-glass-parts.ts';
import { changeReview } from './review-change.ts';

export default defineCommand({
  description: 'Shows one request: who asks for what and why, who decided, and what became of it.',
  arguments: [{ name: '<id>', description: 'of the request or session: bg-7f3k, ev-1c3d or un-0f2e' }],
  examples: [
    ['forge breakglass show bg-7f3k', 'for people'],
    ['forge breakglass show bg-7f3k --output json', 'for a script'],
  ],
  async run(context, { args }) {
    const { output, globals } = context;
    const { parts, place } = await breakGlassParts(context);
    const typed = args[0] ?? '';
    if (globals.plan) return output.plan(lookPlan(place, `Show ${typed}.`));
    if (/^\s*(?:ev|un)-/i.test(typed)) return showSession(context, await foundSession(parts, place, typed));
    const caller = await requesterAccount(parts, place)();
    const listed = await findRequest(caller, typed).catch(async (error: unknown) => {
      if (!(error instanceof ForgeError) || error.code !== 'NO_SUCH_REQUEST') throw error;
      const session = await findBesideRequests(parts, place, typed);
      if (session === undefined) throw error;
      showSession(context, session);
      return undefined;
    });
    if (listed === undefined) return;
    const loaded = await loadRequest(place, caller, listed);
    const review = await reviewRequest(place, caller, loaded);
    const now = caller.aws.now();
    const { change } = loaded.request;
    const facts = [...statusLines(loaded, now), ...reviewLines(review, now)];
    const lines = [...facts, ...changeReview(place.config, loaded)];
    const width = Math.max(...lines.map(([title]) => title.length));
    output.result({
      data: { ...requestFacts(loaded), against: review.against },
      text: (style) =>
        [
          ...lines.map(([title, value]) => `${style.dim(title.padEnd(width))}  ${style.plain(value)}`),
          ...(change === undefined ? [] : ['', changeText(change)]),
        ].join('\n'),
    });
  },
});

async function foundSession(
  parts: IdentityParts,
  place: BreakGlassPlace,
  typed: string,
): Promise<FoundSession> {
  const found = await findBesideRequests(parts, place, typed);
  if (found !== undefined) return found;
  throw new ForgeError('usage', `There is no session ${JSON.stringify(typed.trim())} that you may see.`, {
    code: 'NO_SUCH_SESSION',
    hint: 'What there was: forge breakglass history',
  });
}

function showSession({ output }: Context, { row, lines }: FoundSession): void {
  const width = Math.max(...lines.map(([title]) => title.length));
  output.result({
    data: rowFacts(row),
    text: (style) =>
      lines.map(([title, value]) => `${style.dim(title.padEnd(width))}  ${style.plain(value)}`).join('\n'),
  });
}
