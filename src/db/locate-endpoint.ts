import { ForgeError } from '../errors.ts';
import type { IdentityParts } from '../identity/identity-parts.ts';
import { type RoleCredentials, signingKeys } from '../identity/role-credentials.ts';
import type { DatabaseRequest } from './database-request.ts';
import { type KnownEndpoint, recallEndpoint, rememberEndpoint } from './endpoint-memory.ts';
import { readRdsName } from './rds-name.ts';

type EndpointParts = Pick<IdentityParts, 'host' | 'output' | 'aws'>;

/** What a token is made out to. */
export interface LocatedEndpoint {
  readonly host: string;
  readonly port: number;
  readonly resourceId: string | undefined;
  /** From an answer of RDS to an earlier command: worth asking again if it does not work. */
  readonly remembered: boolean;
}

/** From an identifier through RDS, or from a host name without any AWS call. Throws what those calls throw. */
export async function locateEndpoint(
  parts: EndpointParts,
  credentials: RoleCredentials,
  request: DatabaseRequest,
  { fresh = false }: { readonly fresh?: boolean } = {},
): Promise<LocatedEndpoint> {
  const { locator, endpoint } = request;
  if (locator.kind === 'endpoint') {
    return {
      host: await realName(parts, locator.host),
      port: 5432,
      resourceId: undefined,
      remembered: false,
    };
  }
  const known = fresh ? undefined : await recallEndpoint(parts.host, credentials.account, request);
  const found = known ?? (await askRds(parts, credentials, request));
  if (endpoint === 'reader' && found.reader === undefined) {
    throw new ForgeError('failed', `The cluster ${locator.identifier} has no reader endpoint.`, {
      code: 'NO_READER',
      hint: 'Say "endpoint_type: writer" at the database in forge.yaml.',
    });
  }
  const host = endpoint === 'reader' ? (found.reader ?? '') : found.writer;
  return { host, port: found.port, resourceId: found.resourceId, remembered: known !== undefined };
}

async function askRds(
  parts: EndpointParts,
  credentials: RoleCredentials,
  request: DatabaseRequest,
): Promise<KnownEndpoint> {
  const { locator, region } = request;
  const identifier = locator.kind === 'endpoint' ? '' : locator.identifier;
  const { describeCluster, describeInstance } = await import('../aws/rds.ts');
  const aws = await parts.aws();
  const keys = signingKeys(credentials);
  const found =
    locator.kind === 'cluster'
      ? await describeCluster(aws, region, keys, identifier)
      : await describeInstance(aws, region, keys, identifier);
  checkUsable(parts, request, found);
  const reader = 'readerEndpoint' in found ? found.readerEndpoint : undefined;
  const known = { writer: found.endpoint, reader, port: found.port, resourceId: found.resourceId };
  if (found.status === 'available') await rememberEndpoint(parts, credentials.account, request, known);
  return known;
}

function checkUsable(
  { output }: EndpointParts,
  { name, locator }: DatabaseRequest,
  found: { readonly engine: string; readonly iamEnabled: boolean; readonly status: string },
): void {
  const what = locator.kind === 'endpoint' ? name : `${locator.kind} ${locator.identifier}`;
  if (!found.engine.includes('postgres')) {
    throw new ForgeError('usage', `The ${what} runs ${found.engine}; forge speaks PostgreSQL.`, {
      code: 'NOT_POSTGRESQL',
      hint: `For other programs: forge db token ${name}`,
    });
  }
  if (!found.iamEnabled) {
    throw new ForgeError('denied', `IAM authentication is switched off on the ${what}.`, {
      code: 'IAM_DISABLED',
      hint: 'Whoever runs it can switch it on: aws rds modify-db-… --enable-iam-database-authentication',
    });
  }
  if (found.status !== 'available') output.warn(`The ${what} is ${found.status}.`);
}

/**
 * RDS refuses a token that is made out to an alias, and its certificate does not name one: an alias is followed
 * to the RDS name that it stands for.
 */
export async function realName(
  { output }: Pick<EndpointParts, 'output'>,
  host: string,
  lookUp = resolveAlias,
): Promise<string> {
  if (readRdsName(host) !== undefined) return host;
  let name = host;
  for (let hop = 0; hop < 8; hop++) {
    const [next] = await lookUp(name).catch(() => []);
    if (next === undefined) break;
    name = next.replace(/\.$/, '').toLowerCase();
    if (readRdsName(name) === undefined) continue;
    output.note(`${host} is an alias: the token is made out to ${name}.`);
    return name;
  }
  output.debug(`${host} is no RDS endpoint's name and leads to none; the token is made out to it as it is`);
  return host;
}

async function resolveAlias(name: string): Promise<string[]> {
  const { resolveCname } = await import('node:dns/promises');
  return resolveCname(name);
}
