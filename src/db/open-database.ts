import type { Client as PgClient } from 'pg';
import pg from 'pg';
import type { Access } from '../access/with-access.ts';
import { ForgeError } from '../errors.ts';
import type { IdentityParts } from '../identity/identity-parts.ts';
import type { Secret } from '../lib/secret.ts';
import { applicationName } from './application-name.ts';
import { cancelRequest } from './cancel-request.ts';
import { signToken } from './connection-token.ts';
import type { DatabaseConnection } from './endpoint.ts';
import { explainDatabaseFailure } from './explain-failure.ts';
import type { FailureFacts } from './failure-facts.ts';
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
}

const stepTimeoutMs = 10_000;
const closeTimeoutMs = 2_000;

/**
 * Connects over verified TLS with an auth token as password, and asks the server whether it is the one that is
 * meant. Everything that goes wrong comes out as a ForgeError that explains it.
 */
export async function openDatabase(
  parts: IdentityParts,
  access: Access,
  connection: DatabaseConnection,
  options: OpenOptions,
): Promise<DatabaseSession> {
  const signed = await signToken(parts, access, connection);
  options.onStep?.({ name: 'token' });
  try {
    return await open(parts, access, connection, signed.token, options);
  } catch (error) {
    if (options.signal.aborted) throw options.signal.reason;
    const facts = await failureFacts(parts, access, connection, error);
    // The clock was not known to be wrong when the token was signed: sign by AWS's clock, once.
    if (facts.clockSkew !== undefined && Math.abs(facts.clockSkew - signed.clockSkew) > 60_000) {
      parts.output.debug(`signing again by AWS's clock (${Math.round(facts.clockSkew / 1000)} s off)`);
      const again = await signToken(parts, access, connection);
      return open(parts, access, connection, again.token, options).catch((second: unknown) => {
        throw explainDatabaseFailure(second, facts);
      });
    }
    throw explainDatabaseFailure(error, facts);
  }
}

async function open(
  parts: IdentityParts,
  access: Access,
  connection: DatabaseConnection,
  token: Secret,
  { signal, timeoutMs = stepTimeoutMs, answerMs = timeoutMs, onStep, dial }: OpenOptions,
): Promise<DatabaseSession> {
  const socket = await openDatabaseSocket({ ...connection, signal, timeoutMs: answerMs, onStep, dial });
  const stream = new GuardedSocket(socket);
  const settings = sessionSettings(connection.request);
  const proxy = readRdsName(connection.host)?.proxy === true;
  const client = new pg.Client({
    host: connection.host,
    port: connection.port,
    user: connection.user,
    database: connection.database,
    password: () => Promise.resolve(token.reveal()),
    application_name: applicationName(access.person, access.reason),
    stream: () => stream,
    // The stream is encrypted already. Said outright, for pg would else ask PGSSLMODE and PGSSLNEGOTIATION.
    ssl: false,
    ...{ sslnegotiation: 'postgres' },
  });
  // pg takes an absent option from PGOPTIONS, which would go around the settings of this session.
  const startup = (client as unknown as { connectionParameters: { options?: string | undefined } })
    .connectionParameters;
  startup.options = proxy ? undefined : startupOptions([['client_encoding', 'UTF8'], ...settings]);
  // Whoever runs a query hears of a broken connection there; without a listener it would end the process.
  client.on('error', (error) => parts.output.debug(`connection: ${error.message}`));
  const close = () => closeClient(client, stream);
  const limit = setTimeout(
    () => stream.destroy(new WireFailure('authentication', 'TIMEOUT', 'no answer')),
    timeoutMs,
  );
  const onAbort = () => stream.destroy();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    await client.connect();
    onStep?.({ name: 'login' });
    if (proxy && settings.length > 0) await client.query(setStatements(settings));
    const server = await readServerFacts(client);
    checkServer(parts.output, connection, server);
    const key = client as unknown as { processID: number; secretKey: number };
    return {
      client,
      connection,
      server,
      remoteAddress: socket.remoteAddress ?? connection.address,
      cancel: () => cancelRequest(connection, { processId: key.processID, secretKey: key.secretKey }, dial),
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

/** After a refused token AWS is asked who we are: that measures the clock and shows keys that have ended. */
async function failureFacts(
  parts: IdentityParts,
  access: Access,
  connection: DatabaseConnection,
  error: unknown,
): Promise<FailureFacts> {
  const { credentials, target } = access;
  let account = credentials.account ?? target.environment?.account;
  let who = credentials.callerArn ?? credentials.source;
  let clockSkew: number | undefined;
  let now = parts.host.now();
  if (error instanceof Error && /PAM authentication failed/.test(error.message)) {
    const { getCallerIdentity } = await import('../aws/sts.ts');
    const { signingKeys } = await import('../identity/role-credentials.ts');
    const aws = await parts.aws();
    try {
      const caller = await getCallerIdentity(aws, connection.region, signingKeys(credentials));
      account = caller.account;
      who = caller.arn;
      clockSkew = aws.clockSkew();
    } catch (refused) {
      // Keys that AWS itself does not take explain the refusal; a network that fails does not.
      if (refused instanceof ForgeError && refused.kind !== 'unreachable') throw refused;
    }
    now = aws.now();
  }
  const { request } = connection;
  return {
    ...connection,
    name: request.name,
    words: request.words,
    account,
    who,
    keysExpire: credentials.expiration,
    now,
    clockSkew,
    networkGroups: target.environment?.networkGroups ?? [],
  };
}
