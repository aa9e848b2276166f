import { ForgeError } from '../../errors.ts';
import type { AccessCaller } from '../access-account.ts';
import type { BreakGlassPlace } from '../break-glass-place.ts';
import { listRequests } from '../intake.ts';
import type { Person } from '../protocol/document-parts.ts';
import { type LoadedRequest, loadRequest } from './load-request.ts';
import type { RequestPlan } from './plan-request.ts';

/** So many of one's own are looked at: whoever has asked more often gets one more request. */
const looked = 20;

/** What its person has asked for in the same words already, and is still waiting or granted: the newest. A change's is none. */
export async function findOpenRequest(
  place: BreakGlassPlace,
  caller: AccessCaller,
  { userId }: Person,
  plan: RequestPlan,
): Promise<LoadedRequest | undefined> {
  // Granted lasts as long at most after the last moment at which it could be approved.
  const lifeMs = (plan.rule.requestLifeMinutes + plan.rule.longest) * 60_000;
  const since = caller.aws.now() - lifeMs;
  const own = (await listRequests(caller)).filter(
    (listed) => listed.userId === userId && listed.lastModified > since,
  );
  for (const listed of own.slice(0, looked)) {
    const loaded = await readable(() => loadRequest(place, caller, listed));
    const open = loaded?.state.status === 'waiting' || loaded?.state.status === 'granted';
    if (loaded !== undefined && open && asksFor(loaded.request, plan)) return loaded;
  }
  return undefined;
}

function asksFor(request: LoadedRequest['request'], plan: RequestPlan): boolean {
  return (
    request.change === undefined &&
    request.tier === plan.tier &&
    request.environment === plan.environment.name &&
    request.account === plan.environment.account &&
    request.scenario === plan.scenario &&
    request.minutes === plan.minutes &&
    request.ticket === plan.ticket &&
    request.reason === plan.reason
  );
}

/** What can't be read is none that could be gone on with. */
async function readable(load: () => Promise<LoadedRequest>): Promise<LoadedRequest | undefined> {
  try {
    return await load();
  } catch (error) {
    if (error instanceof ForgeError && ['REQUEST_GONE', 'REQUEST_UNREADABLE'].includes(error.code))
      return undefined;
    throw error;
  }
}
