import { ForgeError } from '../../errors.ts';
import type { IdentityParts } from '../../identity/identity-parts.ts';
import { durationText } from '../../lib/duration-text.ts';
import type { AccessAccount } from '../access-account.ts';
import type { BreakGlassPlace } from '../break-glass-place.ts';
import type { ListedRequest } from '../intake.ts';
import { pause } from '../pause.ts';
import { shortId } from '../protocol/ids.ts';
import { type LoadedRequest, loadRequest } from './load-request.ts';
import { resumeLine } from './request-facts.ts';

const lookEveryMs = 2_000;
/** An hour of waiting is not to be a thousand calls. */
const slowerAfterMs = 2 * 60_000;
const lookSlowlyEveryMs = 5_000;

/**
 * Waits until enough have approved. Throws denied REQUEST_DENIED with the approver's words, time-up REQUEST_LAPSED,
 * REQUEST_EXPIRED and REQUEST_ENDED. Ctrl-C ends the waiting and not the request.
 */
export async function waitForApproval(
  parts: IdentityParts,
  place: BreakGlassPlace,
  account: AccessAccount,
  listed: ListedRequest,
): Promise<LoadedRequest> {
  const { host, output } = parts;
  const started = host.monotonic();
  const short = shortId(listed.id);
  using progress = output.progress(`Waiting for the approval of ${short}`);
  try {
    for (;;) {
      const loaded = await passing(
        () => account().then((caller) => loadRequest(place, caller, listed)),
        output,
      );
      if (loaded?.state.status === 'granted') return loaded;
      if (loaded !== undefined && loaded.state.status !== 'waiting') throw whyNot(loaded);
      const waited = host.monotonic() - started;
      const approved = loaded?.state.approvedBy.map((one) => one.userName).join(', ');
      const so = approved ? `, approved by ${approved}` : '';
      progress.update(
        `Waiting for the approval of ${short}, ${durationText(waited)}${so}. Ctrl-C: ${resumeLine(listed.id)}`,
      );
      await pause(host, waited < slowerAfterMs ? lookEveryMs : lookSlowlyEveryMs);
    }
  } catch (error) {
    if (host.signal.aborted) output.note(`The request stands. Go on with: ${resumeLine(listed.id)}`);
    throw error;
  }
}

/** A network that comes and goes does not end hours of waiting. */
async function passing<Value>(
  call: () => Promise<Value>,
  output: IdentityParts['output'],
): Promise<Value | undefined> {
  try {
    return await call();
  } catch (error) {
    const again = error instanceof ForgeError && (error.kind === 'unreachable' || error.code === 'THROTTLED');
    if (!again) throw error;
    output.debug(error.message);
    return undefined;
  }
}

/** Why a request gives no access, and will not any more. */
export function whyNot({ id, state, request, killed }: LoadedRequest): ForgeError {
  const short = shortId(id);
  const anew = 'Ask anew where it is still needed: forge breakglass --help';
  const fail = (kind: ForgeError['kind'], message: string, hint = anew) =>
    new ForgeError(kind, message, { code: `REQUEST_${state.status.toUpperCase()}`, hint });
  if (state.status === 'denied') {
    const by = state.deniedBy;
    const said = state.notes.find((one) => one.by.userId === by?.userId)?.note;
    return fail(
      'denied',
      `${by?.userName ?? 'An approver'} denied ${short}${said === undefined ? '.' : `: ${said}`}`,
    );
  }
  if (state.status === 'lapsed') return fail('time-up', `Nobody approved ${short} in time.`);
  if (state.status === 'expired')
    return fail('time-up', `The time of ${short} on ${request.environment} is up.`);
  if (state.status === 'ended' && killed !== undefined) {
    const why = killed.reason === undefined ? '.' : `: ${killed.reason}`;
    return fail('denied', `${killed.by.userName} stopped ${short}${why}`);
  }
  if (state.status === 'ended') return fail('time-up', `${short} was ended.`);
  return fail('denied', `${short} would not be sanctioned. ${state.why ?? ''}`.trim());
}
