import { requesterAccount } from '../../breakglass/access-account.ts';
import { endGrant } from '../../breakglass/grant/end-grant.ts';
import type { ListedRequest } from '../../breakglass/intake.ts';
import { ownUser } from '../../breakglass/own-user.ts';
import { endPlan } from '../../breakglass/plan-steps.ts';
import { isSessionId, matchesShortId, shortId } from '../../breakglass/protocol/ids.ts';
import { findRequest } from '../../breakglass/request/find-request.ts';
import { loadRequest } from '../../breakglass/request/load-request.ts';
import { endOpenSessions } from '../../breakglass/session/open-sessions.ts';
import { defineCommand } from '../../command.ts';
import { ForgeError } from '../../errors.ts';
import { record, summaryLine } from './ask-summary.ts';
import { breakGlassParts } from './break-glass-parts.ts';
import { endWithoutRequest, findEmergencySession } from './end-without-request.ts';
import { checkSummary, givenSummary, type SummaryOptions, summaryOptions } from './summary-options.ts';

export default defineCommand<SummaryOptions>({
  description: 'Ends access of yours before its time, or takes a request back.',
  arguments: [{ name: '<id>', description: 'of the request: BG-… or bg-7f3k' }],
  options: summaryOptions,
  examples: [
    ['forge breakglass end bg-7f3k', 'sessions of it end within a second'],
    ['forge breakglass end bg-7f3k --summary "restarted the payment worker"', 'with words for the record'],
  ],
  details: `Keys that were given out can live on at AWS until the server side cuts them off, four hours at most. That of
somebody else: forge breakglass kill <id>.`,
  async run(context, { args, options }) {
    const { host, output, globals } = context;
    const found = await breakGlassParts(context);
    const { parts, place } = found;
    const typed = args[0] ?? '';
    checkSummary(options);
    const summary = givenSummary(options);
    if (globals.plan) return output.plan(endPlan(place, typed));
    // First what is here: that must not wait for AWS.
    const here = await endOpenSessions(
      host,
      { why: 'ended' },
      ({ id }) => isSessionId(id) && matchesShortId(typed, id),
    );
    const caller = await requesterAccount(parts, place)();
    const person = await ownUser(host, caller);
    let listed: ListedRequest;
    try {
      listed = await findRequest(caller, typed, person);
    } catch (error) {
      if (!(error instanceof ForgeError) || error.code !== 'NO_SUCH_REQUEST') throw error;
      const id = findEmergencySession(host, typed, here);
      if (id === undefined || (summary === undefined && here.length === 0)) throw error;
      return endWithoutRequest(context, found, { id, person }, here.length, summary);
    }
    const short = shortId(listed.id);
    if (listed.userId !== person.userId) {
      throw new ForgeError('denied', `${short} is somebody else's.`, {
        code: 'NOT_YOURS',
        hint: `Whose: forge breakglass show ${short}\nAn approver ends it: forge breakglass kill ${short} --reason "…"`,
      });
    }
    const loaded = await loadRequest(place, caller, listed);
    const { membership, written } = await endGrant(parts, place, caller, person, loaded, summary);
    const sentences = {
      removed: `${short} is ended: you are out of its group.`,
      gone: `${short} is ended: you were not in its group${loaded.state.status === 'granted' ? ' any more' : ''}.`,
      shared: `${short} is ended; another grant of yours keeps you in its group.`,
    };
    output.result({
      data: { id: listed.id, shortId: short, status: 'ended', membership, sessionsEnded: here.length },
      text: (style) => style.plain(sentences[membership]),
    });
    // It was ended before, in other words or none: these are added.
    if (summary !== undefined && !written)
      await record(found, { id: listed.id, person }, { type: 'summary', summary }, summaryLine(listed.id));
  },
});
