import type { Access } from '../../access/with-access.ts';
import type { IdentityParts } from '../../identity/identity-parts.ts';
import { cancelRequest } from '../cancel-request.ts';
import { signToken } from '../connection-token.ts';
import type { DatabaseConnection } from '../endpoint.ts';
import { readRdsName } from '../rds-name.ts';
import { sessionSettings, setStatements, startupOptions } from '../session-settings.ts';
import { type Dial, openDatabaseSocket, type SocketStep } from '../wire/open-database-socket.ts';
import { logIn } from './log-in.ts';
import { assertSearchPath, searchPathQuestion } from './reaching-schemas.ts';
import type { ClientWishes, Upstream } from './upstream.ts';

export interface UpstreamOptions {
  readonly signal: AbortSignal;
  /** Another way to the endpoint than by its name: a tunnel. */
  readonly dial?: Dial | undefined;
  /** For DNS, TCP and TLS, each on its own; undefined: 10 s. */
  readonly answerMs?: number | undefined;
  readonly onStep?: ((step: SocketStep) => void) | undefined;
}

const stepTimeoutMs = 10_000;

/**
 * A connection for one client: verified TLS, and a token signed for it alone, so that a tool that connects again in an
 * hour gets in as long as the access lasts. forge's own settings come last and win over the client's. Throws a
 * WireFailure, an UpstreamRefused, what assertSearchPath throws, or the signal's reason.
 */
export async function openUpstream(
  parts: IdentityParts,
  access: Access,
  connection: DatabaseConnection,
  wishes: ClientWishes,
  { signal, dial, answerMs = stepTimeoutMs, onStep }: UpstreamOptions,
): Promise<Upstream> {
  const credentials = await access.renew();
  const { token } = await signToken(parts, { credentials }, connection);
  const socket = await openDatabaseSocket({ ...connection, signal, timeoutMs: answerMs, dial, onStep });
  try {
    const own = sessionSettings(connection.request);
    const { user, database } = connection;
    const parameters = new Map<string, string>([
      ['user', user],
      ['database', database],
    ]);
    if (wishes.applicationName !== undefined) parameters.set('application_name', wishes.applicationName);
    const proxy = readRdsName(connection.host)?.proxy === true;
    // RDS Proxy takes few settings and no options: there SQL says them, before the client does anything.
    const said = [...wishes.settings].filter(([name]) => proxy && !plainStartup.has(name));
    for (const [name, value] of wishes.settings)
      if (!proxy || plainStartup.has(name)) parameters.set(name, value);
    if (!proxy && own.length > 0) parameters.set('options', startupOptions(own));
    const setup = [
      ...said.map(([name, value]) => setConfig(name, value)),
      ...(proxy ? [setStatements(own)] : []),
      ...(connection.request.readOnly ? [searchPathQuestion] : []),
    ];
    const { greeting, processId, secretKey, answer } = await logIn(socket, {
      parameters,
      password: token,
      signal,
      timeoutMs: stepTimeoutMs,
      setup: setup.join(' ').trim() || undefined,
    });
    if (connection.request.readOnly) assertSearchPath(answer, user);
    return {
      stream: socket,
      greeting,
      processId,
      cancel: () => cancelRequest(connection, { processId, secretKey }, dial),
    };
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

/** What RDS Proxy passes on. */
const plainStartup = new Set(['client_encoding', 'datestyle', 'timezone', 'extra_float_digits']);

function setConfig(name: string, value: string): string {
  const quoted = `E'${value.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
  return `select pg_catalog.set_config('${name}', ${quoted}, false);`;
}
