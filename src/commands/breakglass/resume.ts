import { requesterAccount } from '../../breakglass/access-account.ts';
import { ownUser } from '../../breakglass/own-user.ts';
import { resumePlan } from '../../breakglass/plan-steps.ts';
import { shortId } from '../../breakglass/protocol/ids.ts';
import { findRequest } from '../../breakglass/request/find-request.ts';
import { refuseNested } from '../../breakglass/request/refuse-nested.ts';
import { defineCommand } from '../../command.ts';
import { ForgeError } from '../../errors.ts';
import { breakGlassParts } from './break-glass-parts.ts';
import { type EntryOptions, enterGrant, entryOptions } from './enter-grant.ts';

export default defineCommand<EntryOptions>({
  description:
    'Goes on with a request of yours, on this machine or another: waits for its approval, then opens the shell.',
  arguments: [{ name: '<id>', description: 'of the request: BG-… or bg-7f3k' }],
  options: entryOptions,
  rest: 'command and its arguments, in place of a shell',
  examples: [
    ['forge breakglass resume bg-7f3k', 'wait on, or go back in while its time lasts'],
    ['forge breakglass resume bg-7f3k -- forge db connect prod-wealth', 'one program with the access'],
  ],
  details:
    'Without a terminal and a command it says whether the access can be used yet: exit code 8 while it waits.',
  async run(context, { args, options, rest }) {
    const found = await breakGlassParts(context);
    const typed = args[0] ?? '';
    if (context.globals.plan) return context.output.plan(resumePlan(found.place, typed, rest));
    refuseNested(context.host);
    const caller = await requesterAccount(found.parts, found.place)();
    const person = await ownUser(found.parts.host, caller);
    const listed = await findRequest(caller, typed, person);
    if (listed.userId !== person.userId) {
      throw new ForgeError('denied', `${shortId(listed.id)} is somebody else's.`, {
        code: 'NOT_YOURS',
        hint: `Whose: forge breakglass show ${shortId(listed.id)}`,
      });
    }
    return enterGrant(context, found, { person, listed }, options, rest);
  },
});
