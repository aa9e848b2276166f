import { requesterAccount } from '../../breakglass/access-account.ts';
import { findRequest } from '../../breakglass/find-request.ts';
import { loadRequest } from '../../breakglass/load-request.ts';
import { lookPlan } from '../../breakglass/plan-steps.ts';
import { requestFacts, statusLines } from '../../breakglass/request-facts.ts';
import { reviewLines, reviewRequest } from '../../breakglass/review-request.ts';
import { defineCommand } from '../../command.ts';
import { breakGlassParts } from './break-glass-parts.ts';

export default defineCommand({
  description: 'Shows one request: who asks for what and why, who decided, and what became of it.',
  arguments: [{ name: '<id>', description: 'of the request: BG-… or bg-7f3k' }],
  examples: [
    ['forge breakglass show bg-7f3k', 'for people'],
    ['forge breakglass show bg-7f3k --output json', 'for a script'],
  ],
  async run(context, { args }) {
    const { output, globals } = context;
    const { parts, place } = await breakGlassParts(context);
    const typed = args[0] ?? '';
    if (globals.plan) return output.plan(lookPlan(place, `Show ${typed}.`));
    const caller = await requesterAccount(parts, place)();
    const loaded = await loadRequest(place, caller, await findRequest(caller, typed));
    const review = await reviewRequest(place, caller, loaded);
    const now = caller.aws.now();
    const lines = [...statusLines(loaded, now), ...reviewLines(review, now)];
    const width = Math.max(...lines.map(([title]) => title.length));
    output.result({
      data: { ...requestFacts(loaded), against: review.against },
      text: (style) =>
        lines.map(([title, value]) => `${style.dim(title.padEnd(width))}  ${style.plain(value)}`).join('\n'),
    });
  },
});
