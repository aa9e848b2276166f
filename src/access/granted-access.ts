import { isSessionId, matchesShortId } from '../breakglass/protocol/ids.ts';
import { refuseNested } from '../breakglass/request/refuse-nested.ts';
import type { BreakGlassSession, SessionWatch } from '../breakglass/session/session-client.ts';
import { socketVariable } from '../breakglass/session/socket-variable.ts';
import type { Environment } from '../config/config.ts';
import type { Host } from '../host.ts';

/** The break-glass session that a command runs in, when it is one for the environment that the command is about. */
export interface GrantedAccess extends Disposable {
  readonly id: string;
  readonly tier: BreakGlassSession['tier'];
  readonly reason: string;
  readonly credentials: BreakGlassSession['credentials'];
  readonly renewed: BreakGlassSession['renewed'];
}

/**
 * Undefined outside a session, and for every environment but the session's own. When the session ends, so does the
 * command with all that it has open: `host.abort`. `named`: by --grant; another than the session's is refused. Throws denied BREAKGLASS_OVER in the shell of one that has ended.
 */
export async function grantedAccess(
  host: Pick<Host, 'env' | 'signal' | 'abort'>,
  environment: Environment | undefined,
  named: string | undefined,
): Promise<GrantedAccess | undefined> {
  if (environment?.production !== true || !host.env[socketVariable]) return undefined;
  const { breakGlassSession } = await import('../breakglass/session/session-client.ts');
  const session = await breakGlassSession(host);
  if (session === undefined || session.environment !== environment.name) return undefined;
  if (named !== undefined && !matchesSession(named, session.id)) refuseNested(host);
  const watch: SessionWatch = await session.watch();
  void watch.over.then((error) => host.abort(error));
  return {
    id: session.id,
    tier: session.tier,
    reason: session.reason,
    credentials: session.credentials,
    renewed: session.renewed,
    [Symbol.dispose]: () => watch[Symbol.dispose](),
  };
}

const matchesSession = (named: string, id: string) =>
  id === named || (isSessionId(id) && matchesShortId(named, id));
