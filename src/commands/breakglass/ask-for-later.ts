import { requesterAccount } from '../../breakglass/access-account.ts';
import { ownUser } from '../../breakglass/own-user.ts';
import { shortId } from '../../breakglass/protocol/ids.ts';
import type { BreakGlassNeeded } from '../../breakglass/request/break-glass-needed.ts';
import { findOpenRequest } from '../../breakglass/request/find-open-request.ts';
import { loadRequest } from '../../breakglass/request/load-request.ts';
import { planRequest } from '../../breakglass/request/plan-request.ts';
import { refuseNested } from '../../breakglass/request/refuse-nested.ts';
import type { Context } from '../../context.ts';
import { exitCodes } from '../../errors.ts';
import { environmentNamed } from '../../targets/resolve-environment.ts';
import { breakGlassParts } from './break-glass-parts.ts';
import { showRequest, tellApprover } from './enter-grant.ts';
import { placeRequest } from './request.ts';
import { grantLine, type TypedCommand } from './typed-command.ts';

/**
 * Nobody can wait at a terminal that is not there: asks, prints the id and leaves with exit code 8. Typed once more, it
 * finds what it asked for, and asks nobody twice. Throws the refusal where what was typed does not say what to ask for.
 */
export async function askForLater(
  context: Context,
  refusal: BreakGlassNeeded,
  typed: TypedCommand,
  said: { readonly ticket: string; readonly reason: string },
): Promise<number> {
  const { wish } = refusal;
  if (wish === undefined) throw refusal;
  // Which of several scenarios is for people to say.
  if (wish.scenario === undefined && wish.tier.scenarios.length > 0) throw refusal;
  refuseNested(context.host);
  const found = await breakGlassParts(context);
  const { parts, place } = found;
  const environment = environmentNamed(place.config, wish.environment, 'There is no environment');
  const { tier, scenario } = wish;
  const asked = { tier: tier.name, scenario, environment, duration: undefined, ...said };
  const plan = planRequest(place, asked);
  const caller = await requesterAccount(parts, place)();
  const person = await ownUser(parts.host, caller);
  const before = await findOpenRequest(place, caller, person, plan);
  const loaded =
    before ?? (await loadRequest(place, caller, await placeRequest(found, caller, person, plan)));
  const { output } = context;
  const line = grantLine(typed, shortId(loaded.id));
  if (loaded.state.status === 'waiting') tellApprover(context, loaded);
  output.instruct(
    loaded.state.status === 'waiting'
      ? `Once it is approved, type:\n  ${line}`
      : `${shortId(loaded.id)} is approved. Type:\n  ${line}`,
  );
  showRequest(context, loaded);
  return exitCodes['awaiting-approval'];
}
