import { requesterAccount } from '../../breakglass/access-account.ts';
import { listGrants } from '../../breakglass/grant/list-grants.ts';
import { ownUser } from '../../breakglass/own-user.ts';
import { lookPlan } from '../../breakglass/plan-steps.ts';
import { listOpenSessions } from '../../breakglass/session/open-sessions.ts';
import { defineCommand } from '../../command.ts';
import { untilText } from '../../lib/duration-text.ts';
import { breakGlassParts } from './break-glass-parts.ts';
import { showGrants } from './list.ts';

export default defineCommand({
  description:
    'Lists what you have asked for and what you hold, and the sessions that are open on this machine.',
  examples: [
    ['forge breakglass status', 'yours only; everybody’s: forge breakglass list'],
    ['forge breakglass status --output json', 'for a prompt or a script'],
  ],
  async run(context) {
    const { host, output, globals } = context;
    const { parts, place } = await breakGlassParts(context);
    if (globals.plan) return output.plan(lookPlan(place, 'List your own break-glass requests and sessions.'));
    for (const { id, tier, environment, endsAt, pid } of await listOpenSessions(host))
      output.note(
        `Open here: ${id}, tier ${tier} on ${environment}, ${untilText(endsAt, host.now())} (process ${pid})`,
      );
    const caller = await requesterAccount(parts, place)();
    const { userId } = await ownUser(host, caller);
    const list = await listGrants(place, caller, { all: false, userId });
    showGrants(context, list);
    if (list.found.length === 0) output.note('You have not asked for anything that is open.');
  },
});
