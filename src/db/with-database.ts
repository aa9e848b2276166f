import { type AccessParts, withAccess } from '../access/with-access.ts';
import { ForgeError } from '../errors.ts';
import { observeAws } from '../identity/observe-aws.ts';
import type { Secret } from '../lib/secret.ts';
import type { InstanceTunnel } from '../ssm/instance-tunnel.ts';
import type { Progress } from '../terminal/output.ts';
import { accessRequest, type DatabasePurpose } from './access-request.ts';
import { applicationName } from './application-name.ts';
import { signToken } from './connection-token.ts';
import type { DatabaseRequest } from './database-request.ts';
import { type DatabaseRoute, openRoute } from './database-route.ts';
import { type DatabaseConnection, resolveEndpoint } from './endpoint.ts';
import { type DatabaseGate, type GateEndpoint, isWatched, openGate } from './gate/open-gate.ts';
import { type DatabaseSession, openDatabase } from './open-database.ts';

/** After this a person wonders. */
const lateMs = 2_000;

/** For a connection that another program makes in place of the session. */
export interface Handover {
  readonly applicationName: string;
  /** A token of its own for it. */
  token(): Promise<Secret>;
  /** What it must go through; undefined: directly. */
  readonly tunnel: InstanceTunnel | undefined;
  /** What alone it may go through; then it needs no token, and no tunnel. */
  readonly gate: DatabaseGate | undefined;
}

/**
 * May I → credentials → endpoint → an open, checked session for `use`, closed afterwards whatever happens. What is under
 * watch goes through a gate; with `gateAt` anything does, and the gate stands there.
 */
export async function withDatabase<Value>(
  parts: AccessParts,
  request: DatabaseRequest,
  purpose: DatabasePurpose,
  use: (session: DatabaseSession, handover: Handover) => Promise<Value>,
  gateAt?: GateEndpoint | undefined,
): Promise<Value> {
  const observed = observeAws(parts);
  return withAccess(observed, accessRequest(request, purpose), async (access) => {
    let route: DatabaseRoute | undefined;
    await using _route = { [Symbol.asyncDispose]: async () => route?.[Symbol.asyncDispose]() };
    const gated = gateAt !== undefined || isWatched(request, access);
    await using gate = gated
      ? await openGate(observed, access, request, { endpoint: gateAt, rails: purpose.rails })
      : undefined;
    await using session = await connect();
    try {
      // Awaited here: the session is closed when this function returns.
      return await use(session, {
        applicationName: applicationName(access.person, access.reason),
        token: async () => (await signToken(observed, access, session.connection)).token,
        tunnel: route?.tunnel,
        gate,
      });
    } catch (error) {
      // To the database the end of its tunnel is a lost connection.
      throw parts.host.signal.aborted ? error : (route?.tunnel?.timeUp ?? error);
    }

    async function connect(): Promise<DatabaseSession> {
      using progress = parts.output.progress(`connecting to ${request.name}`);
      const connection = await resolveEndpoint(observed, access.credentials, request);
      try {
        return await open(connection, progress);
      } catch (error) {
        if (!connection.remembered || parts.host.signal.aborted) throw error;
        // Deleted and made anew, or under another port: RDS is asked before the failure is believed.
        const now = await resolveEndpoint(observed, access.credentials, request, { fresh: true });
        const { host, port, resourceId } = connection;
        if (now.host === host && now.port === port && now.resourceId === resourceId) throw error;
        return await open(now, progress);
      }
    }

    async function open(connection: DatabaseConnection, progress: Progress): Promise<DatabaseSession> {
      await route?.[Symbol.asyncDispose]();
      route = await openRoute(parts, connection, purpose);
      using _late = tellLate(route, connection, progress);
      const session = await openDatabase(observed, access, connection, {
        signal: parts.host.signal,
        dial: route.dial,
        gate,
      }).catch((error: unknown) => {
        throw withTunnelFailure(withOtherWay(error, request), route?.tunnelFailure);
      });
      if (route.tunnel !== undefined) parts.output.note(`Connected through ${route.tunnel.through}.`);
      return session;
    }
  });
}

/** A VPN that is off answers nothing at all: whoever looks at the line is told what it is waited for. */
function tellLate(
  { dial }: DatabaseRoute,
  { address, port }: DatabaseConnection,
  progress: Progress,
): Disposable {
  const timer = setTimeout(() => {
    if (dial === undefined) progress.update(`${address}:${port} has not answered yet: is the VPN on?`);
  }, lateMs);
  return { [Symbol.dispose]: () => clearTimeout(timer) };
}

/** Only these keep forge from trying the other way by itself. */
function withOtherWay(error: unknown, { via }: DatabaseRequest): unknown {
  if (via !== 'direct' || !(error instanceof ForgeError) || error.kind !== 'unreachable') return error;
  const { kind, message, code, hint = '', cause } = error;
  const both =
    `${hint}\nWithout --via direct and --address, forge goes through the bastion of the environment.`.trimStart();
  return new ForgeError(kind, message, { code, hint: both, cause });
}

/** Both ways have failed: the direct one is the error, the other one belongs to what can be done. */
function withTunnelFailure(error: unknown, tunnelFailure: string | undefined): unknown {
  if (tunnelFailure === undefined || !(error instanceof ForgeError)) return error;
  const { kind, message, code, hint = '', cause } = error;
  const both =
    `A tunnel through a bastion was tried, too: ${tunnelFailure.replace(/\.$/, '')}.\n${hint}`.trimEnd();
  return new ForgeError(kind, message, { code, hint: both, cause });
}
