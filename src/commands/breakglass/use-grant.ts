import { requesterAccount } from '../../breakglass/access-account.ts';
import type { BreakGlassPlace } from '../../breakglass/break-glass-place.ts';
import { runGrantSession } from '../../breakglass/grant/grant-session.ts';
import { ownUser } from '../../breakglass/own-user.ts';
import { shortId } from '../../breakglass/protocol/ids.ts';
import { scenarioFor } from '../../breakglass/request/ask-line.ts';
import type { BreakGlassNeeded } from '../../breakglass/request/break-glass-needed.ts';
import { findRequest } from '../../breakglass/request/find-request.ts';
import { type LoadedRequest, loadRequest } from '../../breakglass/request/load-request.ts';
import { refuseChange } from '../../breakglass/request/refuse-change.ts';
import { refuseNested } from '../../breakglass/request/refuse-nested.ts';
import { approveLine } from '../../breakglass/request/request-facts.ts';
import { whyNot } from '../../breakglass/request/wait-for-approval.ts';
import { sessionExit } from '../../breakglass/session/active-grant.ts';
import type { Tier } from '../../config/break-glass.ts';
import type { Context } from '../../context.ts';
import { ForgeError } from '../../errors.ts';
import { breakGlassParts } from './break-glass-parts.ts';
import { sayEnd } from './say-end.ts';
import { grantLine, shellLine, type TypedCommand, typedWords } from './typed-command.ts';

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
  const listed = await findGrant(() => findRequest(caller, grant, person), place, refusal, typed);
  const short = shortId(listed.id);
  if (listed.userId !== person.userId) {
    throw new ForgeError('denied', `${short} is somebody else's.`, {
      code: 'NOT_YOURS',
      hint: `Whose: forge breakglass show ${short}. Ask for your own: ${refusal.hint ?? 'forge breakglass'}`,
    });
  }
  const loaded = await loadRequest(place, caller, listed);
  refuseChange(loaded.request);
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
  if (status === 'ended') throw endedError(short, refusal);
  if (status !== 'granted') throw whyNot(loaded);
  const { node, script } = host.program;
  const line = [node, script, ...typedWords(typed)];
  const end = await runGrantSession(parts, place, loaded, line, { stands: true });
  // How a command of many ends is no news, unless it was the grant that ended: then it was cut short.
  if (end.ending.why !== 'finished') sayEnd(context, end, 'fails');
  if (end.ending.why === 'ended') throw endedError(short, refusal);
  return sessionExit({ id: loaded.id, environment: loaded.request.environment }, end);
}

function endedError(short: string, { hint }: BreakGlassNeeded): ForgeError {
  return new ForgeError('time-up', `${short} was ended.`, { code: 'REQUEST_ENDED', hint });
}

/** Tier 0 has no grant that stands: each use of its role is told to everybody, and is one session. */
async function findGrant(
  find: () => ReturnType<typeof findRequest>,
  { breakGlass }: BreakGlassPlace,
  { environment }: BreakGlassNeeded,
  typed: TypedCommand,
): ReturnType<typeof findRequest> {
  try {
    return await find();
  } catch (error) {
    if (!(error instanceof ForgeError) || error.code !== 'NO_SUCH_REQUEST') throw error;
    const tier = [...breakGlass.tiers.values()].find(({ approval }) => approval === 'self-serve')?.name;
    const line = shellLine(typedWords(withoutGrant(typed)));
    const more =
      tier === undefined
        ? ''
        : `\nOf tier ${tier} no id is needed: forge breakglass --tier ${tier} --env ${environment} --reason "…" -- ${line}`;
    throw new ForgeError(error.kind, error.message, { code: error.code, hint: `${error.hint ?? ''}${more}` });
  }
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
