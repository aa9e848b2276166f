import { requesterAccount } from '../../breakglass/access-account.ts';
import type { ListedRequest } from '../../breakglass/intake.ts';
import { ownUser } from '../../breakglass/own-user.ts';
import { requestPlan } from '../../breakglass/plan-steps.ts';
import { shortId } from '../../breakglass/protocol/ids.ts';
import { requestKey } from '../../breakglass/protocol/keys.ts';
import { announceRequest } from '../../breakglass/request/announce-request.ts';
import { findRequest } from '../../breakglass/request/find-request.ts';
import { loadRequest } from '../../breakglass/request/load-request.ts';
import { planRequest } from '../../breakglass/request/plan-request.ts';
import { refuseChange } from '../../breakglass/request/refuse-change.ts';
import { refuseNested } from '../../breakglass/request/refuse-nested.ts';
import { waitForApproval, whyNot } from '../../breakglass/request/wait-for-approval.ts';
import { writeRequest } from '../../breakglass/request/write-request.ts';
import {
  listOpenSessions,
  type OpenSession,
  wakeOpenSessions,
} from '../../breakglass/session/open-sessions.ts';
import { defineCommand } from '../../command.ts';
import type { Context } from '../../context.ts';
import { exitCodes, ForgeError } from '../../errors.ts';
import { untilText } from '../../lib/duration-text.ts';
import { environmentNamed } from '../../targets/resolve-environment.ts';
import { type BreakGlassParts, breakGlassParts } from './break-glass-parts.ts';
import { type EntryOptions, enterGrant, entryOptions, showRequest, tellApprover } from './enter-grant.ts';

interface ExtendOptions extends EntryOptions {
  readonly duration?: string;
  readonly reason?: string;
}

export default defineCommand<ExtendOptions>({
  description: 'Asks for more time for access that you hold; somebody approves it as they did the first.',
  arguments: [{ name: '<id>', description: 'of the request: BG-… or bg-7f3k' }],
  options: [
    { flags: '--duration <time>', description: 'how long, from the approval on, e.g. 2h' },
    { flags: '--reason <text>', description: 'why, for those who decide; recorded for years' },
    ...entryOptions,
  ],
  rest: 'command and its arguments, in place of a shell',
  examples: [
    ['forge breakglass extend bg-7f3k --reason "restore still runs"', 'the same access, and its time anew'],
    ['forge breakglass extend bg-7f3k --reason "more to copy" -- ./copy.sh', 'and run a program with it'],
  ],
  details: `It is a request of its own for the same tier, scenario, environment and ticket; both share one membership, which ends
with the later of them. A session of it that is open on any machine goes on until then; where it is this one, no second
shell is opened, and it can be asked for inside of it.`,
  async run(context, { args, options, rest }) {
    const found = await breakGlassParts(context);
    const { parts, place } = found;
    const caller = await requesterAccount(parts, place)();
    const person = await ownUser(parts.host, caller);
    const first = await loadRequest(place, caller, await findRequest(caller, args[0] ?? '', person));
    refuseChange(first.request);
    if (first.request.requester.userId !== person.userId) {
      throw new ForgeError('denied', `${shortId(first.id)} is somebody else's.`, {
        code: 'NOT_YOURS',
        hint: `Whose: forge breakglass show ${shortId(first.id)}`,
      });
    }
    if (first.state.status !== 'granted') {
      if (first.state.status !== 'waiting') throw whyNot(first);
      throw new ForgeError('usage', `${shortId(first.id)} is not approved yet.`, {
        code: 'REQUEST_WAITING',
        hint: `Go on with: forge breakglass resume ${shortId(first.id)}`,
      });
    }
    // The shell that is open here goes on by itself; nothing is opened beside it.
    const here = (await listOpenSessions(parts.host)).some(
      ({ id }) => id === first.id || id === first.request.extends,
    );
    const goesOn = here && rest.length === 0;
    if (!goesOn && options.wait !== false && !context.globals.plan) refuseNested(context.host);
    const { tier, scenario, environment, ticket } = first.request;
    const plan = planRequest(place, {
      tier: String(tier),
      scenario,
      environment: environmentNamed(place.config, environment, 'There is no environment'),
      duration: options.duration,
      ticket,
      reason: options.reason ?? `${first.request.reason.slice(0, 480)} (goes on)`,
    });
    if (context.globals.plan) {
      context.output.plan(requestPlan(place, plan, rest));
      return 0;
    }
    const request = await writeRequest(parts, caller, person, { ...plan, extends: first.id });
    tellApprover(context, request);
    await announceRequest(parts, request);
    const key = requestKey(person.userId, request.id);
    const listed = { key, userId: person.userId, id: request.id, lastModified: caller.aws.now() };
    if (goesOn) {
      const ids = [first.id, first.request.extends];
      return awaitMoreTime(context, found, listed, options, ({ id }) => ids.some((one) => one === id));
    }
    return enterGrant(context, found, { person, listed }, options, rest);
  },
});

async function awaitMoreTime(
  context: Context,
  { parts, place }: BreakGlassParts,
  listed: ListedRequest,
  options: EntryOptions,
  which: (session: OpenSession) => boolean,
): Promise<number> {
  const { output, prompt, host } = context;
  const account = requesterAccount(parts, place);
  if (!(options.wait ?? prompt.possible)) {
    output.note('The session that is open here goes on by itself once it is approved.');
    showRequest(context, await loadRequest(place, await account(), listed));
    return exitCodes['awaiting-approval'];
  }
  const loaded = await waitForApproval(parts, place, account, listed);
  for (const { by, note } of loaded.state.notes) output.note(`${by.userName}: ${note}`);
  const until = untilText(loaded.state.endsAt ?? 0, host.now());
  output.note(`The session that is open here goes on ${until}.`);
  await wakeOpenSessions(host, which);
  showRequest(context, loaded);
  return 0;
}
