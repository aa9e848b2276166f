import type { Host } from '../../host.ts';
import type { AccessAccount } from '../access-account.ts';
import { findKill } from '../intake.ts';
import type { SessionId } from '../protocol/ids.ts';
import { stopText } from '../request/request-facts.ts';

/** Nobody asks S3 each second while it, or what leads there, is down. */
const afterFailureMs = 15_000;

/**
 * Asked each second: by whom a session was stopped, in words, or undefined. One list request of one prefix, which S3 takes by the
 * thousand; the identity store, whose limits are an organisation's, is asked less often.
 */
export function watchKill(
  host: Pick<Host, 'monotonic'>,
  account: AccessAccount,
  id: SessionId,
): () => Promise<string | undefined> {
  let notBefore = Number.NEGATIVE_INFINITY;
  return async () => {
    if (host.monotonic() < notBefore) return undefined;
    try {
      const killed = await findKill(await account(), id);
      return killed === undefined ? undefined : `by ${stopText(killed)}`;
    } catch (error) {
      notBefore = host.monotonic() + afterFailureMs;
      throw error;
    }
  };
}
