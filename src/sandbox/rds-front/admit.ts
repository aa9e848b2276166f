import type { Duplex } from 'node:stream';
import type { RdsTokenRequest } from '../rds-token.ts';
import { ConnectionOver, readExactly } from './read-exactly.ts';
import { askForPassword, authenticationOk, fatal } from './server-message.ts';

/** A cluster as clients see it: one port, several names, and behind each name the writer or the reader. */
export interface FrontCluster {
  readonly region: string;
  readonly account: string;
  readonly resourceId: string;
  readonly databases: readonly string[];
  readonly users: readonly string[];
  /** The first is the writer's. */
  readonly endpoints: readonly [FrontEndpoint, ...FrontEndpoint[]];
}

export interface FrontEndpoint {
  /** Names that a token for this endpoint may carry; the first is the cluster's. */
  readonly names: readonly [string, ...string[]];
  /** Path of PostgreSQL's socket, when there is one. */
  readonly backend: () => Promise<string>;
}

/** What decides on a password; the sandbox's World and its PostgreSQL are behind it. */
export interface Gatekeeper {
  verifyToken(
    request: RdsTokenRequest,
  ): { readonly ok: true } | { readonly ok: false; readonly reason: string };
  /** Is a member of rds_iam, in the server itself. */
  isIamUser(user: string): Promise<boolean>;
}

/** What the server's log says of an attempt; the client is told less. */
export interface Attempt {
  readonly user: string;
  readonly database: string;
  readonly host: string;
  readonly refused: { readonly sqlState: string; readonly reason: string } | undefined;
}

/** PG_MAX_AUTH_TOKEN_LENGTH. */
const longestPassword = 65_535;

/**
 * Decides as RDS for PostgreSQL does and in its order and words: encryption, then the password (IAM through PAM
 * for members of rds_iam; nobody else has a password that could be right), then the database. Answers the
 * endpoint to join, or undefined when the client was sent away; the true reason is told to `record` alone.
 */
export async function admit(
  client: {
    readonly stream: Duplex;
    readonly encrypted: boolean;
    /** What the client called the server in its ClientHello. */
    readonly serverName: string | undefined;
    readonly parameters: ReadonlyMap<string, string>;
  },
  cluster: FrontCluster,
  port: number,
  gatekeeper: Gatekeeper,
  record: (attempt: Attempt) => void,
): Promise<FrontEndpoint | undefined> {
  const { stream, parameters, serverName } = client;
  const user = parameters.get('user') ?? '';
  const database = parameters.get('database') || user;
  let host: string = cluster.endpoints[0].names[0];
  const refuse = (sqlState: string, text: string, reason = text) => {
    record({ user, database, host, refused: { sqlState, reason } });
    stream.end(fatal(sqlState, text));
    return undefined;
  };
  if (user === '') return refuse('28000', 'no PostgreSQL user name specified in startup packet');
  if (!client.encrypted) {
    return refuse(
      '28000',
      `no pg_hba.conf entry for host "127.0.0.1", user "${user}", database "${database}", no encryption`,
    );
  }
  stream.write(askForPassword);
  const password = await readPassword(stream);
  if (password === undefined) return refuse('08P01', 'expected password response');
  const known = cluster.users.includes(user);
  if (!known || !(await gatekeeper.isIamUser(user))) {
    const reason = known ? `role "${user}" is not a member of rds_iam` : `role "${user}" does not exist`;
    return refuse('28P01', `password authentication failed for user "${user}"`, reason);
  }
  const named = /^[^:/]*/.exec(password)?.[0] ?? '';
  const { endpoints } = cluster;
  // A client that did not say whom it called (psql before 14) is taken to mean the endpoint of its token.
  const called = endpointNamed(endpoints, serverName);
  const endpoint = called ?? endpointNamed(endpoints, named) ?? endpoints[0];
  host = endpoint.names.find((name) => name === named) ?? endpoint.names[0];
  const { resourceId, region, account } = cluster;
  const verdict = gatekeeper.verifyToken({ token: password, host, port, user, resourceId, region, account });
  if (!verdict.ok) return refuse('28000', `PAM authentication failed for user "${user}"`, verdict.reason);
  if (!cluster.databases.includes(database)) {
    stream.write(authenticationOk);
    return refuse('3D000', `database "${database}" does not exist`);
  }
  record({ user, database, host, refused: undefined });
  return endpoint;
}

function endpointNamed(
  endpoints: readonly FrontEndpoint[],
  name: string | undefined,
): FrontEndpoint | undefined {
  return endpoints.find((endpoint) => endpoint.names.some((own) => own === name));
}

/** A PasswordMessage; undefined for anything else. */
async function readPassword(stream: Duplex): Promise<string | undefined> {
  const head = await readExactly(stream, 5);
  const length = head.readUInt32BE(1);
  if (head[0] !== 'p'.charCodeAt(0) || length < 5 || length > longestPassword + 4) return undefined;
  const body = await readExactly(stream, length - 4);
  if (body.indexOf(0) !== body.length - 1) throw new ConnectionOver('invalid password packet');
  return body.toString('utf8', 0, body.length - 1);
}
