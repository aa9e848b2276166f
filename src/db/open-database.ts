import type { Socket } from 'node:net';
import type { Client as PgClient } from 'pg';
import pg from 'pg';
import type { Access } from '../access/with-access.ts';
import type { IdentityParts } from '../identity/identity-parts.ts';
import { knownClockSkew, type ObservedAws } from '../identity/observe-aws.ts';
import { Secret } from '../lib/secret.ts';
import { applicationName } from './application-name.ts';
import { cancelRequest } from './cancel-request.ts';
import { signToken } from './connection-token.ts';
import type { DatabaseConnection } from './endpoint.ts';
import { explainDatabaseFailure } from './explain-failure.ts';
import { cancelThroughGate, connectToGate } from './gate/connect-to-gate.ts';
import { type DatabaseGate, isWatched } from './gate/open-gate.ts';
import { gatherFailureFacts } from './gather-failure-facts.ts';
import { readRdsName } from './rds-name.ts';
import { checkServer, readServerFacts, type ServerFacts } from './server-facts.ts';
import { sessionSettings, setStatements, startupOptions } from './session-settings.ts';
import { GuardedSocket } from './wire/guard-backend.ts';
import { type Dial, openDatabaseSocket, type SocketStep } from './wire/open-database-socket.ts';
import { WireFailure } from './wire/wire-failure.ts';

/** An open and checked connection. Closed by disposing. */
export interface DatabaseSession extends AsyncDisposable {
  readonly client: PgClient;
  readonly connection: DatabaseConnection;
  /** What the server itself says it is, read after connecting. */
  readonly server: ServerFacts;
  /** IP address that the connection really goes to. */
  readonly remoteAddress: string;
  /** Asks the server, over a connection of its own, to stop what this one runs. */
  cancel(): Promise<void>;
}

export type DatabaseStep = SocketStep | { readonly name: 'token' } | { readonly name: 'login' };

export interface OpenOptions {
  readonly signal: AbortSignal;
  /** For DNS, TCP, TLS and login, each on its own. */
  readonly timeoutMs?: number | undefined;
  /** For DNS, TCP and TLS, in place of it. */
  readonly answerMs?: number | undefined;
  readonly onStep?: ((step: DatabaseStep) => void) | undefined;
  /** Another way to the endpoint than by its name. */
  readonly dial?: Dial | undefined;
  /** Through which it goes; demanded for what is under watch. */
  readonly gate?: DatabaseGate | undefined;
}

const stepTimeoutMs = 10_000;
const closeTimeoutMs = 2_000;

/**
 * Connects over verified TLS with an auth token as password, and asks the server whether it is the one that is
 * meant. Everything that goes wrong comes out as a ForgeError that explains it. What is under watch is reached through
 * `gate` alone.
 */
export async function openDatabase(
  parts: IdentityParts & ObservedAws,
  access: Access,
  connection: DatabaseConnection,
  options: OpenOptions,
): Promise<DatabaseSession> {
  const { gate } = options;
  if (gate === undefined && isWatched(connection.request, access))
    throw new TypeError(`${connection.request.name} can't be opened beside its gate.`);
  gate?.leadTo(connection, options);
  const signedBy = await knownClockSkew(parts);
  const attempt = async () => {
    const way = await (gate === undefined
      ? straightWay(parts, access, connection, options)
      : gateWay(gate, connection));
    return open(parts, access, connection, way, options);
  };
  try {
    return await attempt();
  } catch (error) {
    if (options.signal.aborted) throw options.signal.reason;
    const why = gate?.failure ?? error;
    const facts = await gatherFailureFacts(parts, access, connection, why);
    // The clock was not known to be wrong when the token was signed: sign by AWS's clock, once.
    if (facts.clockSkew !== undefined && Math.abs(facts.clockSkew - signedBy) > 60_000) {
      parts.output.debug(`signing again by AWS's clock (${Math.round(facts.clockSkew / 1000)} s off)`);
      return attempt().catch((second: unknown) => {
        throw explainDatabaseFailure(gate?.failure ?? second, facts);
      });
    }
    throw explainDatabaseFailure(why, facts);
  }
}

/** A connection that nothing has been said on, and what to say. */
interface OpenWay {
  readonly socket: Socket;
  readonly password: Secret;
  /** For the startup message's `options`; undefined: it takes none, or has them. */
  readonly options: string | undefined;
  /** SQL in place of them. */
  readonly setup: string;
  readonly remoteAddress: string;
  /** How long until the server has let somebody in; undefined: somebody else sees to that. */
  readonly loginMs: number | undefined;
  cancel(key: { readonly processId: number; readonly secretKey: number }): Promise<void>;
}

async function straightWay(
  parts: IdentityParts,
  access: Access,
  connection: DatabaseConnection,
  { signal, timeoutMs = stepTimeoutMs, answerMs = timeoutMs, onStep, dial }: OpenOptions,
): Promise<OpenWay> {
  const { token } = await signToken(parts, access, connection);
  onStep?.({ name: 'token' });
  const socket = await openDatabaseSocket({ ...connection, signal, timeoutMs: answerMs, onStep, dial });
  const settings = sessionSettings(connection.request);
  const proxy = readRdsName(connection.host)?.proxy === true;
  return {
    socket,
    password: token,
    options: proxy ? undefined : startupOptions([['client_encoding', 'UTF8'], ...settings]),
    setup: proxy ? setStatements(settings) : '',
    remoteAddress: socket.remoteAddress ?? connection.address,
    loginMs: timeoutMs,
    cancel: (key) => cancelRequest(connection, key, dial),
  };
}

/** The gate signs in, and has forge's settings; it also sees to the time that each step may take. */
async function gateWay({ endpoint }: DatabaseGate, connection: DatabaseConnection): Promise<OpenWay> {
  return {
    socket: await connectToGate(endpoint),
    password: endpoint.kind === 'tcp' ? endpoint.password : new Secret(''),
    options: undefined,
    setup: '',
    remoteAddress: connection.address,
    loginMs: undefined,
    cancel: (key) => cancelThroughGate(endpoint, key),
  };
}

async function open(
  parts: IdentityParts,
  access: Access,
  connection: DatabaseConnection,
  way: OpenWay,
  { signal, timeoutMs = stepTimeoutMs, onStep }: OpenOptions,
): Promise<DatabaseSession> {
  const stream = new GuardedSocket(way.socket);
  const client = new pg.Client({
    host: connection.host,
    port: connection.port,
    user: connection.user,
    database: connection.database,
    password: () => Promise.resolve(way.password.reveal()),
    application_name: applicationName(access.person, access.reason),
    stream: () => stream,
    // The stream is encrypted already. Said outright, for pg would else ask PGSSLMODE and PGSSLNEGOTIATION.
    ssl: false,
    ...{ sslnegotiation: 'postgres' },
  });
  // pg takes an absent option from PGOPTIONS, which would go around the settings of this session.
  const startup = (client as unknown as { connectionParameters: { options?: string | undefined } })
    .connectionParameters;
  startup.options = way.options;
  // Whoever runs a query hears of a broken connection there; without a listener it would end the process.
  client.on('error', (error) => parts.output.debug(`connection: ${error.message}`));
  const close = () => closeClient(client, stream);
  const expire = () => stream.destroy(new WireFailure('authentication', 'TIMEOUT', 'no answer'));
  let limit = way.loginMs === undefined ? undefined : setTimeout(expire, way.loginMs);
  const onAbort = () => stream.destroy();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    await client.connect();
    onStep?.({ name: 'login' });
    limit ??= setTimeout(expire, timeoutMs);
    if (way.setup !== '') await client.query(way.setup);
    const server = await readServerFacts(client);
    checkServer(parts.output, connection, server);
    const key = client as unknown as { processID: number; secretKey: number };
    return {
      client,
      connection,
      server,
      remoteAddress: way.remoteAddress,
      cancel: () => way.cancel({ processId: key.processID, secretKey: key.secretKey }),
      [Symbol.asyncDispose]: close,
    };
  } catch (error) {
    stream.destroy();
    if (signal.aborted) throw signal.reason;
    throw error;
  } finally {
    clearTimeout(limit);
    signal.removeEventListener('abort', onAbort);
  }
}

/** Says goodbye; a server that does not let go is left. */
async function closeClient(client: PgClient, stream: GuardedSocket): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const patience = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, closeTimeoutMs);
  });
  await Promise.race([client.end().catch(() => {}), patience]);
  clearTimeout(timer);
  stream.destroy();
}
