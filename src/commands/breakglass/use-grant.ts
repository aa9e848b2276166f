import { requesterAccount } from '../../breakglass/access-account.ts';
import { scenarioFor } from '../../breakglass/ask-line.ts';
import type { BreakGlassNeeded } from '../../breakglass/break-glass-needed.ts';
import { findRequest } from '../../breakglass/find-request.ts';
import { runGrantSession } from '../../breakglass/grant-session.ts';
import { type LoadedRequest, loadRequest } from '../../breakglass/load-request.ts';
import { ownUser } from '../../breakglass/own-user.ts';
import { shortId } from '../../breakglass/protocol/ids.ts';
import { refuseNested } from '../../breakglass/refuse-nested.ts';
import { approveLine } from '../../breakglass/request-facts.ts';
import { sessionExit } from '../../breakglass/session/active-grant.ts';
import { whyNot } from '../../breakglass/wait-for-approval.ts';
import type { Tier } from '../../config/break-glass.ts';
import type { Context } from '../../context.ts';
import { ForgeError } from '../../errors.ts';
import { breakGlassParts } from './break-glass-parts.ts';
import { sayEnd } from './say-end.ts';
import { grantLine, type TypedCommand, typedWords } from './typed-command.ts';

/**
 * Runs a command within a grant, as if it had been typed in the grant's session: it is run there, by a forge of its
 * own, so that all that holds for sessions holds for it, its end above all. The grant stands for the next command.
 */
export async function useGrant(
  context: Context,
  refusal: BreakGlassNeeded,
  typed: TypedCommand,
  grant: string,
): Promise<number> {
  const { host } = context;
  refuseNested(host);
  const { parts, place } = await breakGlassParts(context);
  const caller = await requesterAccount(parts, place)();
  const person = await ownUser(host, caller);
  const listed = await findRequest(caller, grant, person);
  const short = shortId(listed.id);
  if (listed.userId !== person.userId) {
    throw new ForgeError('denied', `${short} is somebody else's.`, {
      code: 'NOT_YOURS',
      hint: `Whose: forge breakglass show ${short}. Ask for your own: ${refusal.hint ?? 'forge breakglass'}`,
    });
  }
  const loaded = await loadRequest(place, caller, listed);
  const tier = place.breakGlass.tiers.get(String(loaded.request.tier));
  checkFits(loaded, tier, refusal, typed.path);
  const { status } = loaded.state;
  if (status === 'waiting') {
    throw new ForgeError('awaiting-approval', `${short} is not approved yet.`, {
      code: 'AWAITING_APPROVAL',
      hint: `An approver types: ${approveLine(listed.id)}\nThen: ${grantLine(withoutGrant(typed), short)}`,
    });
  }
  // Over is over, whoever ended it: for a script that is one case.
  if (status === 'ended') {
    throw new ForgeError('time-up', `${short} was ended.`, {
      code: 'REQUEST_ENDED',
      hint: refusal.hint,
    });
  }
  if (status !== 'granted') throw whyNot(loaded);
  const { node, script } = host.program;
  const end = await runGrantSession(parts, place, loaded, [node, script, ...typedWords(typed)]);
  // How a command of many ends is no news, unless it was the grant that ended.
  if (end.ending.why !== 'finished') sayEnd(context, end);
  return sessionExit({ id: loaded.id, environment: loaded.request.environment }, end);
}

/** IAM would refuse it too, in words that help less. */
function checkFits(
  { id, request }: LoadedRequest,
  tier: Tier | undefined,
  refusal: BreakGlassNeeded,
  path: string,
): void {
  const short = shortId(id);
  if (request.environment !== refusal.environment) {
    throw new ForgeError(
      'denied',
      `${short} is for ${request.environment}, not for ${refusal.environment}.`,
      {
        code: 'GRANT_ELSEWHERE',
        hint: refusal.hint,
      },
    );
  }
  const needed = tier && scenarioFor(tier, path);
  if (needed === undefined || request.scenario === undefined || request.scenario === needed) return;
  throw new ForgeError('denied', `${short} is for ${request.scenario}; "forge ${path}" needs ${needed}.`, {
    code: 'GRANT_FOR_OTHER_USE',
    hint: refusal.hint,
  });
}

function withoutGrant({ words, ...typed }: TypedCommand): TypedCommand {
  return {
    ...typed,
    words: words.filter(
      (word, index) => word !== '--grant' && words[index - 1] !== '--grant' && !word.startsWith('--grant='),
    ),
  };
}
