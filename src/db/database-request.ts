import type { Config, Database, Environment, RoleStep } from '../config/config.ts';
import { ForgeError } from '../errors.ts';
import type { Environment as Variables } from '../host.ts';
import { resolveDatabase } from '../targets/resolve-database.ts';
import { findCurrentEnvironment } from '../targets/resolve-environment.ts';
import { readRdsName } from './rds-name.ts';

/** How to reach the endpoint: `auto` tries directly, and through the environment's bastion when that fails. */
export type Via = 'direct' | 'tunnel' | 'auto';

/** What the command line says about a database, beside or in place of forge.yaml. */
export interface DatabaseFlags {
  readonly host?: string | undefined;
  readonly port?: number | undefined;
  readonly user?: string | undefined;
  readonly database?: string | undefined;
  readonly region?: string | undefined;
  readonly address?: string | undefined;
  readonly ca?: string | undefined;
  readonly role?: string | undefined;
  readonly write?: boolean | undefined;
  /** With `write`: as who changes under four eyes are run. */
  readonly change?: boolean | undefined;
  /** Whole seconds; 0: none. */
  readonly statementTimeout?: number | undefined;
  readonly via?: Via | undefined;
  readonly bastion?: string | undefined;
}

/** Everything that is known about the database before AWS or the network is asked. */
export interface DatabaseRequest {
  /** As people name it: `dev/shop`; a host name when forge.yaml does not know it. */
  readonly name: string;
  /** Command line that means the same database, for hints: `dev/shop`, `--host … --user …`. */
  readonly words: string;
  readonly environment: Environment | undefined;
  readonly production: boolean;
  readonly locator: Database['locator'];
  readonly endpoint: 'writer' | 'reader';
  readonly port: number | undefined;
  readonly database: string;
  readonly user: string;
  /** Assumed after the environment's own chain. */
  readonly roles: readonly RoleStep[];
  readonly region: string;
  readonly address: string | undefined;
  /** PEM file; undefined: the authorities of RDS. */
  readonly ca: string | undefined;
  readonly write: boolean;
  readonly readOnly: boolean;
  readonly limits: SessionLimits;
  readonly via: Via;
  /** The instance a tunnel goes through: a name of forge.yaml, a Name tag, an id; undefined: the usual one. */
  readonly bastion: string | undefined;
  /** Columns whose values are not to be recorded. */
  readonly maskedColumns: readonly string[];
}

/** Server-side limits of the database session, milliseconds; 0: none, undefined: the server's own. */
export interface SessionLimits {
  readonly statement: number | undefined;
  readonly lock: number | undefined;
  readonly idleInTransaction: number | undefined;
}

/** A person who forgets a session, or a query that scans everything, must not hold production up. */
const productionLimits = {
  read: { statement: 30_000, lock: 2_000, idleInTransaction: 60_000 },
  write: { statement: 300_000, lock: 2_000, idleInTransaction: 60_000 },
} as const satisfies Record<string, SessionLimits>;

const noLimits: SessionLimits = { statement: undefined, lock: undefined, idleInTransaction: undefined };

/**
 * A database by its name in forge.yaml, with flags that change single facts, or by flags alone (`--host`).
 * Throws usage: what resolveDatabase throws, MISSING_FLAG, WRONG_REGION, READ_ONLY_ENDPOINT.
 */
export function requestDatabase(
  config: Config,
  name: string | undefined,
  flags: DatabaseFlags,
  said: { readonly env: string | undefined; readonly variables: Variables },
): DatabaseRequest {
  const current = { flag: said.env, variable: said.variables.FORGE_ENV };
  if (name === undefined && flags.host !== undefined) return byHost(config, flags.host, flags, said);
  const target = resolveDatabase(config, name, current);
  const { database, environment } = target;
  const write = flags.write === true;
  const writer = write
    ? ((flags.change === true ? database.change : undefined) ?? database.write)
    : undefined;
  const role = flags.role === undefined ? (writer?.role ?? database.role) : roleStep(flags.role);
  const locator = flags.host === undefined ? database.locator : endpointLocator(flags.host);
  return finish(
    {
      name: target.name,
      words: target.name,
      environment,
      production: environment.production,
      locator,
      endpoint: write ? 'writer' : database.endpoint,
      port: flags.port ?? database.port,
      database: flags.database ?? database.database,
      user: flags.user ?? writer?.user ?? database.user,
      roles: role === undefined ? [] : [role],
      // The configured address leads to the configured host, not to another one.
      address: flags.address ?? (flags.host === undefined ? database.address : undefined),
      ca: flags.ca ?? database.ca,
      write,
      maskedColumns: [...config.maskedColumns, ...database.maskedColumns],
    },
    flags,
    environment.region,
  );
}

function byHost(
  config: Config,
  host: string,
  flags: DatabaseFlags,
  { env, variables }: Parameters<typeof requestDatabase>[3],
): DatabaseRequest {
  const user = flags.user ?? variables.PGUSER;
  if (!user) throw missing('--user <name>', 'Which role of the database is meant is not known.');
  const environment =
    env === undefined ? undefined : findCurrentEnvironment(config, { flag: env, variable: undefined });
  const write = flags.write === true;
  const known = configuredAt(config, host);
  const fallback = environment?.region ?? (variables.AWS_REGION || variables.AWS_DEFAULT_REGION);
  return finish(
    {
      name: host,
      words: `--host ${host} --user ${user}`,
      environment,
      production: environment?.production === true || known?.production === true,
      locator: endpointLocator(host),
      endpoint: host.includes('.cluster-ro-') ? 'reader' : 'writer',
      port: flags.port,
      database: flags.database ?? (variables.PGDATABASE || 'postgres'),
      user,
      roles: flags.role === undefined ? [] : [roleStep(flags.role)],
      address: flags.address,
      ca: flags.ca,
      write,
      // Which of its databases it is only the server knows.
      maskedColumns: [
        ...config.maskedColumns,
        ...[...((known ?? environment)?.databases.values() ?? [])].flatMap(
          (database) => database.maskedColumns,
        ),
      ],
    },
    flags,
    fallback || undefined,
  );
}

function finish(
  known: Omit<DatabaseRequest, 'region' | 'readOnly' | 'limits' | 'via' | 'bastion'>,
  flags: DatabaseFlags,
  fallbackRegion: string | undefined,
): DatabaseRequest {
  const { production, write, endpoint, locator } = known;
  if (write && endpoint === 'reader') {
    throw new ForgeError('usage', `${known.name} is a reader endpoint: nothing can be written there.`, {
      code: 'READ_ONLY_ENDPOINT',
      hint: 'Name the writer endpoint, or leave out --write.',
    });
  }
  const named = locator.kind === 'endpoint' ? readRdsName(locator.host)?.region : undefined;
  if (named !== undefined && flags.region !== undefined && flags.region !== named) {
    throw new ForgeError('usage', `The endpoint is in ${named}, but --region says ${flags.region}.`, {
      code: 'WRONG_REGION',
      hint: 'A token for another region is refused: leave out --region.',
    });
  }
  const region = flags.region ?? named ?? fallbackRegion;
  if (region === undefined) throw missing('--region <name>', 'The region of the database is not known.');
  const limits = production ? productionLimits[write ? 'write' : 'read'] : noLimits;
  const { statementTimeout } = flags;
  return {
    ...known,
    region,
    // --address says the way: mostly it is a tunnel of the person's own.
    via: flags.via ?? (flags.address === undefined ? 'auto' : 'direct'),
    bastion: flags.bastion,
    readOnly: !write && (production || endpoint === 'reader'),
    limits: statementTimeout === undefined ? limits : { ...limits, statement: statementTimeout * 1000 },
  };
}

/** The environment whose database stands at a host: what production is stays so when it is named by its host. */
function configuredAt(config: Config, host: string): Environment | undefined {
  const name = readRdsName(host);
  for (const environment of config.environments.values()) {
    for (const { locator } of environment.databases.values()) {
      if (locator.kind === 'endpoint' && locator.host.toLowerCase() === host.toLowerCase())
        return environment;
      if (locator.kind === 'endpoint' || name === undefined) continue;
      if (locator.identifier === name.identifier && environment.region === name.region) return environment;
    }
  }
  return undefined;
}

function endpointLocator(host: string): Database['locator'] {
  // Not net.isIP: compiling its expression for IPv6 costs a seventh of starting Node.
  if (/^[\d.]+$/.test(host) || host.includes(':') || host === 'localhost') {
    throw new ForgeError('usage', `A token is made out to the endpoint's name, and ${host} is none.`, {
      code: 'NOT_AN_ENDPOINT',
      hint: 'Name the endpoint with --host, and say where to connect with --address.',
    });
  }
  if (!/^[A-Za-z0-9]([A-Za-z0-9._-]{0,251}[A-Za-z0-9])?\.?$/.test(host)) {
    throw new ForgeError('usage', `${JSON.stringify(host)} is not the name of a host.`, {
      code: 'NOT_AN_ENDPOINT',
      hint: 'Give the name alone; the port goes to --port.',
    });
  }
  return { kind: 'endpoint', host: host.replace(/\.$/, '') };
}

function roleStep(roleArn: string): RoleStep {
  if (!/^arn:aws[a-z-]*:iam::\d{12}:role\/.+$/.test(roleArn)) {
    throw new ForgeError('usage', `${JSON.stringify(roleArn)} is not the ARN of a role.`, {
      code: 'INVALID_ROLE',
      hint: 'For example: --role arn:aws:iam::111111111111:role/developer-rds-access',
    });
  }
  return { roleArn, externalId: undefined, mfaSerial: undefined, durationSeconds: 3600 };
}

function missing(flag: string, sentence: string): ForgeError {
  return new ForgeError('usage', sentence, { code: 'MISSING_FLAG', hint: `Add ${flag}.` });
}
