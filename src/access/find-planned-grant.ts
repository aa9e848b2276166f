import { breakGlassSession } from '../breakglass/session/session-client.ts';
import type { PlannedGrant } from '../config/config.ts';
import type { Host } from '../host.ts';

/** What a plan would take production's keys from. A session of this machine is asked, AWS is not. */
export async function findPlannedGrant(
  host: Pick<Host, 'env' | 'signal'>,
  named: string | undefined,
): Promise<PlannedGrant | undefined> {
  if (named !== undefined) return { id: named, environment: undefined };
  const session = await breakGlassSession(host);
  return session && { id: session.id, environment: session.environment };
}
